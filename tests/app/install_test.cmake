# cmake -DBUILD=<build folder> -DPREFIX=<empty folder> -P install_test.cmake: what is installed works from
# where it is, without the checkout.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(COMMAND ${CMAKE_COMMAND} --install "${BUILD}" --prefix "${PREFIX}" OUTPUT_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
foreach(file bin/picket share/man/man1/picket.1 share/man/vi/man1/picket.1 share/picket/taxonomies)
  if(NOT EXISTS "${PREFIX}/${file}")
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=PICKET_CONTENT PICKET_LANG=en "${PREFIX}/bin/picket" check
                WORKING_DIRECTORY "${PREFIX}" OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES "[1-9][0-9]* rules active, 0 refused")
  message(FATAL_ERROR "the installed program finds no rules: ${said}")
endif()
file(REMOVE_RECURSE "${PREFIX}")
