// What /api/v1/entities answers: who is at risk, and the page of one.
#include "api/answer.h"
#include "api/entity.h"
#include "api/parameter.h"
#include "api/resources.h"

namespace picket::api {

HttpResponse list_entities(const Call& call) {
  const auto limit = number_parameter(call.request, "limit", 50, 500);
  if (!limit) return problem(limit.error());
  const auto entities = entities_at_risk(*call.ports.store, *limit);
  return entities ? json_answer(*entities) : problem(entities.error());
}

HttpResponse get_entity(const Call& call) {
  const auto entity = entity_of(call.parts[0], parameter(call.request, "value"));
  if (!entity) return problem(entity.error());
  const auto page = entity_page(*call.ports.store, *entity);
  return page ? json_answer(*page) : problem(page.error());
}

}  // namespace picket::api
