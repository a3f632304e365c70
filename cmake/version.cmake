# Sets tbft_version (X.Y.Z) from the last git tag vX.Y.Z; without one, as in a source archive, from the line below.
set(tbft_version 0.2.0)
execute_process(COMMAND git -C ${CMAKE_CURRENT_LIST_DIR} describe --tags --abbrev=0 --match "v[0-9]*.[0-9]*.[0-9]*"
  OUTPUT_VARIABLE tag OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(tag MATCHES "^v([0-9]+\\.[0-9]+\\.[0-9]+)$")
  set(tbft_version ${CMAKE_MATCH_1})
endif()

# A header with version, commit and libraries, written anew at every build by version_header.cmake.
function(tbft_add_version_header)
  add_custom_target(tbft_version_header
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DTORCH=${Torch_VERSION}
      -DLIBRARIES=/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
      -DOUT=${PROJECT_BINARY_DIR}/generated/tbft_version.h -P ${PROJECT_SOURCE_DIR}/cmake/version_header.cmake
    BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/tbft_version.h VERBATIM)
endfunction()
