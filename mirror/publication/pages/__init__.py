"""The pages for people: what they say (`texts`), how they look (`layout`, `assets`), and each page.

Renderers are pure: values in, the bytes of a page out.  Every text goes through HTML's escape
(`mirror.publication.site.html`); no page has a script, a style or a file of another host.
"""
