"""What gunicorn reads by itself: it logs as the rest of the site does. Its command line still decides the rest."""

from optin_site.settings import LOGGING

logconfig_dict = LOGGING
# Without the visitor's IP address and browser, which are evidence and no log's (SEC-11).
access_log_format = '"%(r)s" %(s)s %(B)s bytes %(M)s ms'
control_socket_disable = True  # a way in that nobody uses, at one place for every gunicorn of a user
