"""Builds the package for pip: CMake compiles the extension and the power library, of which it is made, and nothing else.

    pip install --no-build-isolation ./python

The packages that it needs are in docs/python.md. CMAKE_ARGS: further arguments of CMake.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent.parent
if not (ROOT / "power").is_dir():
    sys.exit(f"{ROOT} is not the source tree of tbft: the Python package is built from its folder python")


def version():
    script = ROOT / "python" / "print_version.cmake"
    return subprocess.run(["cmake", "-P", script], check=True, stderr=subprocess.PIPE, text=True).stderr.strip()


class CMake(build_ext):
    def build_extension(self, ext):
        build = pathlib.Path(self.build_temp).resolve()
        subprocess.run(["cmake", "-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DTBFT_ONLY_PYTHON=ON", "-DTBFT_BUILD_PYTHON=ON",
                        f"-DPython_EXECUTABLE={sys.executable}", *shlex.split(os.environ.get("CMAKE_ARGS", ""))], check=True)
        subprocess.run(["cmake", "--build", build, "--target", "tbft_python", "-j", str(self.parallel or os.cpu_count() or 1)], check=True)
        target = pathlib.Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(build / "python" / "tbft" / target.name, target)


setup(version=version(), ext_modules=[Extension("tbft._power", sources=[])], cmdclass={"build_ext": CMake})
