# Compile options of every target of the project, as one interface target.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
find_program(TBFT_CCACHE ccache)
if(TBFT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TBFT_CCACHE})
endif()

add_library(tbft_options INTERFACE)
add_library(tbft::options ALIAS tbft_options)
target_compile_features(tbft_options INTERFACE cxx_std_20)
target_include_directories(tbft_options INTERFACE ${PROJECT_SOURCE_DIR})
# Designated initialisers leave fields to their defaults on purpose. GCC 12 warns falsely of "x" + std::string (its bug 105651).
target_compile_options(tbft_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<BOOL:${TBFT_WERROR}>:-Werror>)
if(TBFT_SANITIZE)
  target_compile_options(tbft_options INTERFACE -fsanitize=${TBFT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # GCC's -Wmaybe-uninitialized sees the instrumentation and warns of it.
  target_compile_options(tbft_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(tbft_options INTERFACE -fsanitize=${TBFT_SANITIZE})
endif()

# Headers that many sources include, precompiled once and taken with tbft_headers(). Reading them is half of a compilation.
# CMAKE_DISABLE_PRECOMPILE_HEADERS=ON builds without them, which is what ccache wants; clang-tidy, too, reads each source without.
function(tbft_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS;OPTIONS" ${ARGN})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/empty.cpp CONTENT "")
  add_library(tbft_${name}_headers OBJECT ${PROJECT_BINARY_DIR}/generated/empty.cpp)
  target_link_libraries(tbft_${name}_headers PRIVATE tbft_options ${ARG_LIBS})
  target_compile_options(tbft_${name}_headers PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(tbft_${name}_headers PRIVATE ${ARG_HEADERS})
endfunction()
# The last call for a target counts. Whatever links libtorch takes `torch`, for its definitions differ.
function(tbft_headers target name)
  target_precompile_headers(${target} REUSE_FROM tbft_${name}_headers)
endfunction()
set(common_headers <fmt/format.h> <fmt/ranges.h> <algorithm> <chrono> <filesystem> <fstream> <functional> <map> <optional>
  <string> <vector>)
tbft_precompile(common HEADERS ${common_headers} LIBS fmt::fmt)
# For the power library, which the Python module links and so is position-independent.
tbft_precompile(pic HEADERS ${common_headers} LIBS fmt::fmt)
set_target_properties(tbft_pic_headers PROPERTIES POSITION_INDEPENDENT_CODE ON)

# One static library for each folder.
function(tbft_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(tbft_${name} STATIC ${ARG_SOURCES})
  add_library(tbft::${name} ALIAS tbft_${name})
  target_link_libraries(tbft_${name} PUBLIC ${ARG_PUBLIC} PRIVATE $<BUILD_INTERFACE:tbft_options> ${ARG_PRIVATE})
  set_target_properties(tbft_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(tbft_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_compile_features(tbft_${name} PUBLIC cxx_std_20)
  tbft_headers(tbft_${name} common)
endfunction()

# What ThreadSanitizer's build is for (preset tsan, scripts/tsan.sh): the test programs with the label `threads`.
add_custom_target(threads)

# Test code itself is not what takes time: without optimisation it compiles in half of it.
set(test_optimisation -O0)

# A GoogleTest program, run case by case, or with WHOLE as one test, because its cases share an expensive set-up. TORCH: it
# includes libtorch. OPTIMISED: its own code takes the time, such as a simulated chip. COST: its seconds, for long tests, which
# CTest starts first. Sanitized programs start slowly, so each is one test; the other builds report skipped cases.
function(tbft_test name)
  cmake_parse_arguments(ARG "OPTIMISED;TORCH;WHOLE" "COST" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_COST)
    set(ARG_COST 0)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tbft_options ${ARG_LIBS} GTest::gmock GTest::gtest_main fmt::fmt)
  if(ARG_TORCH)
    tbft_headers(${name} torch)
  elseif(NOT ARG_OPTIMISED)
    target_compile_options(${name} PRIVATE ${test_optimisation})
    tbft_headers(${name} test)
  endif()
  target_compile_definitions(${name} PRIVATE TBFT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)  # an empty value would shift the properties behind it
  endif()
  if(threads IN_LIST ARG_LABELS)
    add_dependencies(threads ${name})
  endif()
  if(TBFT_SANITIZE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600 COST ${ARG_COST})
    return()
  endif()
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]"
      TIMEOUT 600 COST ${ARG_COST})
    return()
  endif()
  # GoogleTest prints "[  SKIPPED ]" and exits with 0. CTest needs this to list skips.
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]" TIMEOUT 300 COST ${ARG_COST})
endfunction()
