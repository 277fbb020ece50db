#include "correlator/alert_builder.h"

#include "correlator/entities.h"

namespace picket::correlator {

Alert AlertBuilder::detection(Batch& batch, const Hit& hit, const SourceNames& names) const {
  PICKET_CHECK(hit.event < batch.events().size());
  const Event& event = batch.events()[hit.event];
  const Record& record = batch.records()[hit.event];
  Alert alert;
  alert.kind = rules_->kind(hit.rule);
  alert.time_ns = event.time_ns;
  alert.rule = rules_->identity(hit.rule);
  alert.tags = rules_->tags(hit.rule);
  alert.layer = event.layer;
  alert.system = own(names.system_of(batch, event, record.source));
  alert.trigger = {record.source, own(names.name(record.source)), record.seq, event.time_ns};
  alert.events.push_back(alert.trigger);
  alert.matches = rules_->explain(batch, event, hit.rule);
  for (Match& match : alert.matches) match.event = alert.trigger;
  alert.entities = entities_of(batch, event);
  if (event.layer != Layer::kNone) alert.layers.push_back(event.layer);
  alert.last_seen_ns = event.time_ns;
  alert.id = make_alert_id(alert);
  return alert;
}

}  // namespace picket::correlator
