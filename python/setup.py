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


def cmake(*arguments):
    """What CMake prints. pip shows it where CMake fails."""
    try:
        done = subprocess.run(["cmake", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        sys.exit("tbft: cmake is missing, which compiles the module: apt-get install cmake; docs/python.md has all packages")
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ntbft: cmake failed: its words are above; docs/python.md has the packages that it needs")
    return done.stdout


class CMake(build_ext):
    def build_extension(self, ext):
        build = pathlib.Path(self.build_temp).resolve()
        cmake("-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DTBFT_ONLY_PYTHON=ON", "-DTBFT_BUILD_PYTHON=ON",
              f"-DPython_EXECUTABLE={sys.executable}", *shlex.split(os.environ.get("CMAKE_ARGS", "")))
        cmake("--build", build, "--target", "tbft_python", "-j", str(self.parallel or os.cpu_count() or 1))
        target = pathlib.Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(build / "python" / "tbft" / target.name, target)


setup(version=cmake("-P", ROOT / "python" / "print_version.cmake").strip(), ext_modules=[Extension("tbft._power", sources=[])], cmdclass={"build_ext": CMake})
