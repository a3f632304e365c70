include(${CMAKE_CURRENT_LIST_DIR}/../cmake/version.cmake)
message(${tbft_version})
