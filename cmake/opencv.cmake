# OpenCV's core, imgproc and imgcodecs as targets. Debian ships OpenCVConfig.cmake only in libopencv-dev, which pulls in
# every module (VTK, GDAL, a gigabyte); the three -dev packages that we need have headers and libraries.
find_path(OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module core imgproc imgcodecs)
  find_library(OPENCV_${module} opencv_${module} REQUIRED)
  add_library(opencv::${module} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(opencv::${module} PROPERTIES IMPORTED_LOCATION ${OPENCV_${module}}
    INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE})
endforeach()
