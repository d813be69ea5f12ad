"""The languages of clients that know nothing of us: each module is what one of them asks for.

Facts about the clients are from their sources and from running them.  What a client follows
by itself is relative or under the mirror's own address; texts of upstream stay texts.
"""
