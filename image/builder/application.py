"""The application in the image: wheels for arm64 by hash, this project, byte code made beforehand.

Rules: nothing is compiled and nothing is run that came as a source package; pyscard and evdev, which have no wheel for
this architecture, are Debian's. A virtual environment in /opt/comptoir/.venv, as an installation by hand has it, so
that both use the same service units.
"""

import shutil
import tomllib
from pathlib import Path

from image.builder.run import passed_through
from image.builder.tools import Tools

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = PROJECT / "image" / "requirements.txt"
VENV = Path("opt/comptoir/.venv")
SITE = VENV / "lib/python3.13/site-packages"
PACKAGES = ("hardware", "sync", "terminal")
_PLATFORMS = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(41, 16, -1)]
_WHEELS = [*_PLATFORMS, "--platform=manylinux2014_aarch64", "--python-version=3.13", "--only-binary=:all:"]
_PYVENV = "home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.13\n"
_SCRIPT = """#!/opt/comptoir/.venv/bin/python3 -I
import sys
from {module} import {function}
sys.exit({function}())
"""


def install(root: Path, tools: Tools) -> None:
    """Put the application into `root`."""
    site = root / SITE
    site.mkdir(parents=True)
    _wheels(site, tools)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
        shutil.copytree(PROJECT / package, site / package, ignore=ignored)
    _scripts(root, site)


def _wheels(site: Path, tools: Tools) -> None:
    """Fetch what is locked (pip checks the hashes) and unpack it; pip's traces of when and from where go."""
    cache = tools.work / "wheels"
    cache.mkdir(exist_ok=True)
    wanted = tools.work / "requirements.txt"
    shutil.copyfile(REQUIREMENTS, wanted)
    settings = _pip_settings(tools)
    common = [*_WHEELS, "--require-hashes", "--no-deps", "--quiet", "-r", tools.inside(wanted)]
    there = ["-f", tools.inside(cache)]
    tools.run("pip", "download", *there, "--dest", tools.inside(cache), *common, env=settings)
    options = ["--no-compile", "--root-user-action=ignore", "--no-index", "--target", tools.inside(site)]
    tools.run("pip", "install", *there, *options, *common, env=settings)
    for trace in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
        for found in site.glob(f"*.dist-info/{trace}"):
            found.unlink()
    shutil.rmtree(site / "bin", ignore_errors=True)


def _pip_settings(tools: Tools) -> dict[str, str]:
    """The machine's own pip settings and certificates, made visible to the tools' pip."""
    told = passed_through()
    for place in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf"):
        if place.is_file():
            shutil.copyfile(place, tools.work / "pip.conf")
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    (tools.root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(certificates, tools.root / certificates.relative_to("/"))
    told.update(PIP_CERT=str(certificates), SSL_CERT_FILE=str(certificates))
    return told | {"PIP_CONFIG_FILE": "/card/pip.conf", "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _scripts(root: Path, site: Path) -> None:
    """The virtual environment's own files, the console scripts, and what importlib.metadata is to find."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    programs = root / VENV / "bin"
    programs.mkdir()
    (root / VENV / "pyvenv.cfg").write_text(_PYVENV)
    for name in ("python", "python3"):
        (programs / name).symlink_to("/usr/bin/python3")
    for name, target in project["scripts"].items():
        module, function = target.split(":")
        (programs / name).write_text(_SCRIPT.format(module=module, function=function))
        (programs / name).chmod(0o755)
    about = site / f"comptoir-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: comptoir\nVersion: {project['version']}\n")
    points = [f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
              for group, entries in project["entry-points"].items()]  # fmt: skip
    (about / "entry_points.txt").write_text("".join(points))


def compile_all(root: Path, tools: Tools) -> None:
    """Byte code for Debian's Python and ours, judged by nobody's clock: the file's date plays no part."""
    at = tools.inside(root)
    for folder in ("usr/lib/python3.13", "usr/lib/python3", str(SITE)):
        tools.run("python3", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash",
                  "-s", at, "-p", "/", f"{at}/{folder}")  # fmt: skip
