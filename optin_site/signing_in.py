"""How people sign in: settings of django-allauth that are the same for every site. Its limits are in settings.py."""

# By a code sent to the mailbox, no passwords.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "preferences"
LOGOUT_REDIRECT_URL = "account_signup"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_REQUIRED = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of a second factor that comes, goes, or gets new recovery codes
ACCOUNT_FORMS = {"request_login_code": "accounts.forms.SignInForm"}

# The second factor of staff. A code is good for its 30 seconds: with a tolerance it would be good for 90, and
# django-allauth remembers for 30 that it was used.
MFA_ADAPTER = "accounts.second_factor.adapter.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 0
MFA_FORMS = {
    "authenticate": "accounts.second_factor.forms.AuthenticateForm",
    "reauthenticate": "accounts.second_factor.forms.ReauthenticateForm",
    "activate_totp": "accounts.second_factor.forms.SetUpForm",
}

# For apps: django-allauth's sign-in by session token, of which accounts/api/sign_in.py mounts what is needed.
HEADLESS_CLIENTS = ("app",)
HEADLESS_ADAPTER = "accounts.api.sign_in.Adapter"
