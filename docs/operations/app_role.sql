-- A role for web, worker and mail that cannot change the ledger, whatever is wrong with the code. Run it as the role that
-- owns the tables and migrates, after every `manage.py migrate`; give the role its password with ALTER ROLE.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'optin_app') THEN CREATE ROLE optin_app LOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO optin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO optin_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO optin_app;
REVOKE UPDATE, DELETE ON sms_consent_consentrecord, sms_consent_seal, sms_consent_sealedrecord, sms_consent_accessrecord
  FROM optin_app;
REVOKE DELETE ON sms_consent_evidence FROM optin_app;  -- erasing blanks it
