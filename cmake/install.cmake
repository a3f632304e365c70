# Two components: `power`, the library for other projects, and `program`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS tbft_power tbft_power_benchmark EXPORT tbft_powerTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT power
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT tbft_powerTargets NAMESPACE tbft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tbft_power COMPONENT power)
# The public headers alone: `#include "tbft/power.h"`.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/power/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT power)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tbft_powerConfig.cmake.in ${PROJECT_BINARY_DIR}/tbft_powerConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tbft_power)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tbft_powerConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tbft_powerConfig.cmake ${PROJECT_BINARY_DIR}/tbft_powerConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tbft_power COMPONENT power)

install(TARGETS tbft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
# `tbft` looks for it in ../libexec/tbft.
install(TARGETS tbft_train RUNTIME DESTINATION libexec/tbft COMPONENT program)
file(GLOB udev_rules CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/power/udev/*.rules)
if(udev_rules)
  install(FILES ${udev_rules} DESTINATION lib/udev/rules.d COMPONENT program)
endif()
