# The kinds of target this project has. Everything about warnings, sanitizers and labels is
# said here and nowhere else.

add_library(picket_options INTERFACE)
find_program(PICKET_MOLD mold)
if(PICKET_MOLD)
  target_link_options(picket_options INTERFACE -fuse-ld=mold)
endif()
target_include_directories(picket_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(picket_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror)
if(PICKET_SANITIZE)
  target_compile_options(picket_options INTERFACE -fsanitize=${PICKET_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(picket_options INTERFACE -fsanitize=${PICKET_SANITIZE})
endif()
if(PICKET_SANITIZE STREQUAL thread)
  # ThreadSanitizer does not know fences. Asio can do without: its queues are behind mutexes.
  target_compile_definitions(picket_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

# picket_library(parsers SOURCES syslog.cc DEPENDS event)
function(picket_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND picket_)
  if(ARG_SOURCES)
    add_library(picket_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(picket_${name} PUBLIC picket_options ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  else()
    add_library(picket_${name} INTERFACE)
    target_link_libraries(picket_${name} INTERFACE picket_options ${ARG_DEPENDS} ${ARG_PRIVATE_DEPENDS})
  endif()
endfunction()

# Labels go to every test of a name, in whatever folder: a second test of the same name would get them too.
function(picket_name_test name)
  get_property(names GLOBAL PROPERTY PICKET_TESTS)
  if(name IN_LIST names)
    message(FATAL_ERROR "two tests are named ${name}")
  endif()
  set_property(GLOBAL APPEND PROPERTY PICKET_TESTS ${name})
endfunction()

add_custom_target(threads)  # the tests that ThreadSanitizer runs
add_custom_target(shipped)  # what is worth running once more as it is shipped, optimised and without sanitizers
add_custom_target(fuzzers)

# In tests/<room>/CMakeLists.txt: picket_test(syslog_test DEPENDS parsers). One binary per test file,
# labelled by its folder. THREADS: ThreadSanitizer runs it too (target and label `threads`). SHIPPED: the
# release build runs it too. LONG: as for picket_program_test. A test runs in the root; what it needs from
# the sources is at PICKET_SOURCE_DIR, a relative path, so that its object is the same in every clone.
function(picket_test name)
  cmake_parse_arguments(ARG "THREADS;SHIPPED;LONG" "TIMEOUT" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  list(TRANSFORM ARG_DEPENDS PREPEND picket_)
  get_filename_component(label ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  picket_name_test(${name})
  add_executable(${name} ${name}.cc ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} ${ARG_PRIVATE_DEPENDS} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PICKET_SOURCE_DIR=".")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  if(ARG_THREADS)
    add_dependencies(threads ${name})
    list(APPEND label threads)
  endif()
  if(ARG_SHIPPED)
    add_dependencies(shipped ${name})
    list(APPEND label shipped)
  endif()
  if(ARG_LONG AND PICKET_SANITIZE)
    list(APPEND label long)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# picket_fuzzer(syslog DEPENDS parsers): tests/fuzz/syslog_fuzz.cc with tests/fuzz/corpus/syslog. Replays
# its corpus in ordinary builds, fuzzes with PICKET_FUZZ.
function(picket_fuzzer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND picket_)
  set(folder ${PROJECT_SOURCE_DIR}/tests/fuzz)
  add_executable(${name}_fuzz ${folder}/${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE ${ARG_DEPENDS})
  target_compile_definitions(${name}_fuzz PRIVATE PICKET_SOURCE_DIR=".")
  set(corpus ${folder}/corpus/${name})
  if(PICKET_FUZZ)
    target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})  # libFuzzer writes to the first folder
    file(MAKE_DIRECTORY ${found})
    # One seed, so that a run says something of the change and not of the day. Hunt with other seeds by hand.
    add_test(NAME ${name}_fuzz
             COMMAND ${name}_fuzz -seed=1 -max_total_time=20 -timeout=10 -rss_limit_mb=2048 -artifact_prefix=${found}/
                     ${found} ${corpus}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  else()
    target_sources(${name}_fuzz PRIVATE ${folder}/replay_main.cc)
    add_test(NAME ${name}_fuzz COMMAND ${name}_fuzz ${corpus} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  add_dependencies(fuzzers ${name}_fuzz)
  set_tests_properties(${name}_fuzz PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()

# picket_bench(parse_bench DEPENDS parsers): `ctest` runs it small, so it never rots; by hand runs it big.
function(picket_bench name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND picket_)
  add_executable(${name} ${name}.cc)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  add_test(NAME ${name}_smoke COMMAND ${name} --smoke WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  add_dependencies(shipped ${name})
  set_tests_properties(${name}_smoke PROPERTIES LABELS "perf;shipped" TIMEOUT 30)
endfunction()

# picket_program_test(delivery_test SCRIPT): the whole program, driven from outside by a Python script beside
# the CMakeLists.txt that gets its path, or, without SCRIPT, the program itself with ARGUMENTS. Runs in
# every build: sanitized, shipped, and with THREADS under ThreadSanitizer. LONG: it starts the program so
# often that the everyday run with sanitizers leaves it to `scripts/test --all`.
function(picket_program_test name)
  cmake_parse_arguments(ARG "SCRIPT;THREADS;LONG" "TIMEOUT" "ARGUMENTS" ${ARGN})
  picket_name_test(${name})
  set(command $<TARGET_FILE:picket> ${ARG_ARGUMENTS})
  if(ARG_SCRIPT)
    list(PREPEND command python3 ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py)
  endif()
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E env PICKET_CONTENT=${PROJECT_SOURCE_DIR}/content ${command})
  add_dependencies(shipped picket)
  set(label app shipped)
  if(ARG_LONG AND PICKET_SANITIZE)
    list(APPEND label long)
  endif()
  if(ARG_THREADS)
    add_dependencies(threads picket)
    list(APPEND label threads)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# picket_compile_fail(dangling_line DEPENDS parsers): the file compiles, and with PICKET_MUST_FAIL it does not.
function(picket_compile_fail name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND picket_)
  add_executable(${name}_ok ${PROJECT_SOURCE_DIR}/tests/compile_fail/${name}.cc)
  target_link_libraries(${name}_ok PRIVATE ${ARG_DEPENDS})
  add_executable(${name}_bad EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/compile_fail/${name}.cc)
  target_link_libraries(${name}_bad PRIVATE ${ARG_DEPENDS})
  target_compile_definitions(${name}_bad PRIVATE PICKET_MUST_FAIL)
  add_test(NAME ${name}_must_not_compile
           COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target ${name}_bad)
  set_tests_properties(${name}_must_not_compile PROPERTIES WILL_FAIL TRUE LABELS compile_fail TIMEOUT 120)
endfunction()
