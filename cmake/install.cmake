# Components, each a package (package.cmake): `power`, the library for other projects; `program`, tbft; `train`, tbft-train and the
# experiments; `python`, the Python package (python/CMakeLists.txt).
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
install(FILES ${PROJECT_SOURCE_DIR}/power/udev/99-tbft.rules DESTINATION lib/udev/rules.d COMPONENT program)
configure_file(${PROJECT_SOURCE_DIR}/packages/tbft-serve-meter@.service.in ${PROJECT_BINARY_DIR}/tbft-serve-meter@.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tbft-serve-meter@.service DESTINATION lib/systemd/system COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/power/udev/99-tbft-optional.rules ${PROJECT_SOURCE_DIR}/packages/serve-meter.env
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tbft/examples COMPONENT program)
# The program writes its manual (harness/cli). A build of single targets has none.
set(manual ${PROJECT_BINARY_DIR}/manual)
install(DIRECTORY ${manual}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program OPTIONAL)
install(FILES ${manual}/completion/tbft.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tbft
  COMPONENT program OPTIONAL)
install(FILES ${manual}/completion/_tbft DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program OPTIONAL)
install(FILES ${manual}/completion/tbft.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
  COMPONENT program OPTIONAL)

# `tbft` looks for it in ../libexec/tbft.
install(TARGETS tbft_train RUNTIME DESTINATION libexec/tbft COMPONENT train)
file(GLOB experiments CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/experiments/*.toml)
install(FILES ${experiments} DESTINATION ${CMAKE_INSTALL_DATADIR}/tbft/experiments COMPONENT train)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/experiments/slurm DESTINATION ${CMAKE_INSTALL_DATADIR}/tbft/experiments COMPONENT train
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE PATTERN "*.md" EXCLUDE)
