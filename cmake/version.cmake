# The tool's version: project version and, in a git checkout, the commit; written anew at every build by version_header.cmake.
add_custom_target(tbft_version_header
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DOUT=${PROJECT_BINARY_DIR}/generated/tbft_version.h -P ${PROJECT_SOURCE_DIR}/cmake/version_header.cmake
  BYPRODUCTS ${PROJECT_BINARY_DIR}/generated/tbft_version.h VERBATIM)
