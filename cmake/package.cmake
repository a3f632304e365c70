# Debian packages by CPack, one for each component of install.cmake. scripts/package.sh builds them and sets both variables.
set(TBFT_PACKAGE_VERSION ${PROJECT_VERSION} CACHE STRING "Version of the Debian packages, e.g. 0.2.0+deb12")
set(TBFT_PACKAGE_CHANGELOG "" CACHE FILEPATH "changelog.gz of the Debian packages")

set(packages_program tbft)
set(packages_train tbft-train)
set(packages_power libtbft-power-dev)
set(packages_python python3-tbft)
set(components program train power)
if(TBFT_BUILD_PYTHON)
  list(APPEND components python)
endif()
foreach(component ${components})
  install(FILES ${PROJECT_SOURCE_DIR}/packages/copyright ${TBFT_PACKAGE_CHANGELOG}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${packages_${component}} COMPONENT ${component})
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${packages_${component}})
  set(CPACK_DEBIAN_${upper}_FILE_NAME DEB-DEFAULT)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_PACKAGE_NAME tbft)
set(CPACK_PACKAGE_VERSION ${TBFT_PACKAGE_VERSION})
# CPack would put any other summary above the descriptions below, which begin with their own.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_NAME} built using CMake")
set(CPACK_PACKAGE_CONTACT "The tbft developers <tbft@example.org>")  # whoever publishes packages puts an address here
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
if(CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
    ${CMAKE_SYSROOT}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
endif()

set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "measure the joules of any command with a power meter
It reads INA219, INA226 and other converters on I2C, USB meters, hwmon, RAPL,
NVML and meters of other machines, and prints energy with its uncertainty.
With tbft-train it measures what ways of fine-tuning a network cost and gain.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "passwd")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "tbft-train, gnuplot-nox, i2c-tools")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packages/postinst ${PROJECT_SOURCE_DIR}/packages/prerm
  ${PROJECT_SOURCE_DIR}/packages/postrm)

set(CPACK_DEBIAN_TRAIN_PACKAGE_SECTION science)
set(CPACK_COMPONENT_TRAIN_DESCRIPTION "measure what fine-tuning a neural network costs and gains
These are the commands of tbft that need libtorch or images: sweeps over
strategies of fine-tuning, evaluation, training, diagnosis of drifts,
personalization. The experiments of the paper arXiv 2403.15905 are in
/usr/share/tbft/experiments.")
# Debian's default is the reference BLAS, which is many times slower.
set(CPACK_DEBIAN_TRAIN_PACKAGE_DEPENDS "tbft (= ${TBFT_PACKAGE_VERSION}), libopenblas0-pthread")
set(CPACK_DEBIAN_TRAIN_PACKAGE_SUGGESTS "gnuplot-nox")

set(CPACK_DEBIAN_POWER_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_POWER_DESCRIPTION "joules of your own code: the power library of tbft
A C++20 library that samples a power meter in a thread and integrates energy
with its uncertainty over windows that a program opens. CMake finds it as
tbft_power.")
set(CPACK_DEBIAN_POWER_PACKAGE_DEPENDS "libfmt-dev, libboost-dev (>= 1.74), libssl-dev, libgpiod-dev, pkg-config | pkgconf")
set(CPACK_DEBIAN_POWER_PACKAGE_SUGGESTS "libbenchmark-dev")

set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "joules of Python code: the power library of tbft
The module tbft samples a power meter in a thread that never holds Python's
lock, and gives the energy of named windows with its uncertainty. It reads the
results of tbft run, too.")
if(TBFT_BUILD_PYTHON)  # the extension is for this version of Python alone
  math(EXPR python_next "${Python_VERSION_MINOR} + 1")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.${Python_VERSION_MINOR}~), python3 (<< 3.${python_next})")
endif()
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "tbft, python3-pandas")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packages/python/postinst
  ${PROJECT_SOURCE_DIR}/packages/python/prerm)
include(CPack)
