"""Download the first asset of the latest release with an ending: run by the Python of mpflash.

Arguments: the address of the API, and the ending.  Prints the name of the file that it wrote.
"""

import sys

from github import Github

address, ending = sys.argv[1:]
release = Github(base_url=address).get_repo("micropython/micropython").get_latest_release()
asset = next(one for one in release.assets if one.name.endswith(ending))
asset.download_asset(path=asset.name)
print(asset.name)
