"""What every page of upstream has around its matter: head, bar, footer, and their traps.

The text is our own; the shape is upstream's: one title for all pages, links that are no
firmware, headings in the footer, links inside comments, and ``</html>`` as the last line.
"""

from __future__ import annotations

from typing import Final

END: Final = "</html>"

_BEFORE: Final = """\
<!DOCTYPE html>



<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <!-- these come first -->

    <link rel="icon" href="/static/img/favicon.ico">

    <title>MicroPython - a replica for tests</title>

    <link href="/static/css/style.css?v=4" rel="stylesheet">

    
  <link href="/static/download/css/style.css" rel="stylesheet">


    <meta property="og:type" content="website" />
    <meta property="og:title" content="MicroPython - a replica for tests" />
    <meta property="og:description" content="This is not micropython.org.
        It has the shape of its pages,
        and none of its firmware." />

</head>

<body>

<nav class="navbar navbar-dark" role="navigation">
    <div class="main-menu">
        <a class="navbar-brand" href='http://micropython.org'>
            <span>
                <img src ="/static/img/logo.png" width="50px">
            </span>
            <span>
                MicroPython
            </span>
        </a>

        <div id="navbar" class="collapse navbar-collapse">
        <ul class="nav navbar-nav">
            <li class="nav-item">
                <a class="nav-link" href="/download">DOWNLOAD</a>
            </li>
            <li class="nav-item">
                <a class="nav-link" href="https://docs.micropython.org">DOCS</a>
            </li>
        </ul>
        </div>
    </div>
</nav>

    <div id="sidebar" style="float:right;margin-right:16px;">
        
        <!--ul>
        <li><a href="/">Home</a></li>
        <li><a href="/resources/firmware/COMMENT-20260406-v1.28.0.bin">in a comment</a></li>
        </ul-->
        
    </div>

    <div class="container">
        
        <div class="row" style="margin:30px 0;">
          <div class="col-md-offset-2 col-md-8">
            

"""  # noqa: W293 - upstream's templates leave blanks on blank lines

_AFTER: Final = """\


          </div>
        </div>
    </div>

<footer>
    <div class="container footercontent">
        <div class="row">
            <div class="col-xs-12 col-sm-3 col-md-2 col-md-offset-2">
                <h3>MicroPython</h3>
                <ul>
                    <li> <a href="https://micropython.org">Home</a> </li>
                </ul>
            </div>
            <div class="col-xs-12 col-sm-3 col-md-2">
                <h3>Resources</h3>
                <ul>
                    <li> <a href="http://docs.micropython.org">Documentation</a> </li>
                    <li> <a href="/download">Download</a> </li>
                </ul>
            </div>
            <div class="col-xs-12 col-sm-3 col-md-2">
                <h3>Contact</h3>
                <ul>
                    <li> <a href="/contact">Contact us</a> </li>
                    <li> <a href="irc://freenode/micropython">IRC</a> </li>
                    <li> <a href="/termsandconditions">Terms &amp; Conditions</a> </li>
                </ul>
            </div>
            <div class="col-xs-12 col-md-8 col-md-offset-2">
                <p>A replica, for tests</p>
            </div>
        </div>
    </div>
</footer>

    <script src="/static/js/site.js"></script>
    
    

    <!--                        
        <script src="site/js/functions.js"></script>
    -->
</body>
</html>"""  # noqa: W291, W293 - as above


def whole_page(matter: str) -> str:
    """Return the page whose own part is *matter*."""
    return _BEFORE + matter + _AFTER


def plain_page(heading: str, text: str) -> str:
    """Return a page that says one thing, such as that something was not found."""
    return whole_page(f"<h2> {heading} </h2>\n\n<p>{text}</p>\n")
