"""A large site for the audit desk to show, made by the database itself."""

from __future__ import annotations

# %(count)s rows in each table. Common and rare values mixed, as filters meet them: one record in 10,000 was written
# down by staff, one subscription in 10,000 is parked, and the first third of the records was imported.
PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, external_id, email, phone, phone_proven_at, former_phones, language,
    time_zone, is_staff, is_active, date_joined)
SELECT '!', false, 'person-' || i, 'person' || i || '@example.com', '+1202' || lpad(i::text, 7, '0'), NULL, '[]', 'en',
    '', false, i %% 50000 > 0, now() - (%(count)s - i) * (interval '730 days' / %(count)s)
FROM generate_series(1, %(count)s) AS i
"""
MAILBOXES = """
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM accounts_user WHERE external_id LIKE 'person-%%'
"""
RECORDS = """
INSERT INTO sms_consent_consentrecord (program_id, disclosure_id, words_sha256, act, source, stops, proven, request_id,
    subject, commitment, occurred_at, recorded_at)
SELECT program.id, words.id, words.sha256,
    CASE WHEN i %% 20000 = 3 THEN 'expired' WHEN i %% 20000 = 5 THEN 'invalidated'
        ELSE (ARRAY['granted', 'granted', 'requested', 'confirmed', 'withdrawn'])[i %% 5 + 1] END,
    CASE WHEN i < %(count)s / 3 THEN 'import' WHEN i %% 10000 = 7 THEN 'admin'
        ELSE (ARRAY['sign_up', 'phone_form', 'keyword', 'preference_page', 'one_click'])[i %% 7 %% 5 + 1] END,
    false, false, CASE WHEN i %% 5 = 3 THEN i - 1 + (SELECT coalesce(max(id), 0) FROM sms_consent_consentrecord) END,
    md5(i::text) || md5('b' || i), md5('c' || i) || md5('d' || i), at, at
FROM generate_series(1, %(count)s) AS i
JOIN LATERAL (SELECT now() - (%(count)s - i) * (interval '730 days' / %(count)s) AS at) AS time ON true
JOIN sms_consent_program AS program ON program.slug = CASE WHEN i %% 2 = 0 THEN 'sms' ELSE 'email' END
JOIN sms_consent_disclosure AS words ON words.program_id = program.id AND words.door = 'form'
    AND words.published_at IS NOT NULL
ORDER BY i
"""
EVIDENCE = """
INSERT INTO sms_consent_evidence (record_id, salt, payload)
SELECT id, md5(id::text), '{"address":"person' || id || '@example.com","boxes":{"email":true,"sms":false},'
    || '"brand":"Example Brand","ip":"192.0.2.7","page":"https://optin.example.com/","user_agent":"Mozilla/5.0 (X11)"}'
FROM sms_consent_consentrecord
"""
SUBSCRIPTIONS = """
INSERT INTO sms_consent_subscription (version, due_at, attempts, parked_at, park_reason, program_id, subject, address,
    state, request_id, renewals, told, told_at, asked, rides, is_recheck, last_said)
SELECT 1, CASE WHEN i %% 1000 = 1 THEN now() END, 0, CASE WHEN i %% 10000 = 2 THEN now() END, '', record.program_id,
    record.subject, 'person' || i || '@example.com',
    CASE WHEN i %% 20000 = 3 THEN 'none' WHEN i %% 500 = 4 THEN 'pending'
        ELSE (ARRAY['subscribed', 'subscribed', 'subscribed', 'unsubscribed'])[i %% 4 + 1] END,
    record.id, 0, CASE WHEN i %% 20000 = 3 THEN 'unknown' WHEN i %% 500 = 4 THEN 'asked'
        ELSE (ARRAY['subscribed', 'subscribed', 'subscribed', 'unsubscribed'])[i %% 4 + 1] END, now(), 0, 0, false, ''
FROM sms_consent_consentrecord AS record JOIN LATERAL (SELECT record.id AS i) AS number ON true
"""
PROFILES = """
INSERT INTO sms_consent_brazeprofile (version, due_at, attempts, parked_at, park_reason, person_id, external_id,
    merge_into, is_to_delete, accepted, accepted_at, is_unknown, claims_phone)
SELECT 1, CASE WHEN id %% 1000 = 1 THEN now() END, 0, CASE WHEN id %% 10000 = 2 THEN now() END, '', id, external_id, '',
    false, jsonb_build_object('email', email, 'language', 'en'), now(), id %% 20000 = 3, ''
FROM accounts_user WHERE external_id LIKE 'person-%%'
"""
GLOBAL_EMAILS = """
INSERT INTO sms_consent_globalemail (version, due_at, attempts, parked_at, park_reason, address, told_at, is_recheck)
SELECT 1, CASE WHEN i %% 1000 = 1 THEN now() END, 0, CASE WHEN i %% 10000 = 2 THEN now() END, '',
    'person' || i || '@example.com', now(), false
FROM generate_series(1, %(count)s / 10) AS i
"""
INBOUND = """
INSERT INTO sms_consent_inboundmessage (provider, provider_id, kind, subject, address, number, body, normalised, word,
    rule, needs_review, status, cause, outcome, occurred_at, received_at)
SELECT CASE WHEN i %% 20000 = 3 THEN 'twilio' ELSE 'currents' END, 'id-' || i,
    CASE WHEN i %% 20000 = 3 THEN 'spam' ELSE (ARRAY['text', 'group_state', 'email_state'])[i %% 3 + 1] END,
    md5(i::text) || md5('b' || i), '+1202' || lpad(i::text, 7, '0'), '', 'hello there', 'hello there', '', '',
    i %% 10000 = 7, '', '', CASE WHEN i %% 10000 = 7 THEN 'unknown' WHEN i %% 20000 = 3 THEN 'unproven'
        ELSE (ARRAY['acted', 'repeat', 'echo', 'answered'])[i %% 4 + 1] END, at, at
FROM generate_series(1, %(count)s) AS i
JOIN LATERAL (SELECT now() - (%(count)s - i) * (interval '730 days' / %(count)s) AS at) AS time ON true
"""
SEALS = """
INSERT INTO sms_consent_seal (number, previous, count, total, root, sealed_at, key, signature)
SELECT i, md5(i::text) || md5('b' || i), 1000, i * 1000, md5('c' || i) || md5('d' || i), now(), '', ''
FROM generate_series(1, (%(count)s + 999) / 1000) AS i
"""
SEALED = """
INSERT INTO sms_consent_sealedrecord (record_id, position, leaf, seal_id)
SELECT id, place %% 1000, decode(md5(id::text) || md5('b' || id), 'hex'), place / 1000 + 1
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM sms_consent_consentrecord) AS record
"""
TALLIES = """
INSERT INTO sms_consent_tally (day, act, source, language, count, program_id)
SELECT day, act, source, 'en', 7, program.id
FROM generate_series(current_date - 729, current_date, interval '1 day') AS day, sms_consent_program AS program,
    unnest(ARRAY['requested', 'granted', 'confirmed', 'withdrawn', 'expired']) AS act,
    unnest(ARRAY['sign_up', 'phone_form', 'keyword', 'preference_page', 'one_click', 'import']) AS source
"""
ACCESSES = """
INSERT INTO sms_consent_accessrecord (at, staff, action, what, object_id, subject, detail, ip)
SELECT now() - (%(count)s - i) * (interval '730 days' / %(count)s), 'person-' || i %% 7,
    CASE WHEN i %% 10000 = 7 THEN 'exported' ELSE 'viewed' END, 'sms_consent.consentrecord', i::text,
    md5(i::text) || md5('b' || i), '', '192.0.2.7'
FROM generate_series(1, %(count)s) AS i
"""
# Few people ask to be erased: one in a hundred here, and all but one in a hundred of them are done with.
ERASURES = """
INSERT INTO sms_consent_erasure (external_id, addresses, typed, subject, by, asked_at, accepted_at, swept_to, done_at)
SELECT '', CASE WHEN i %% 100 = 1 THEN jsonb_build_array('person' || i || '@example.com') ELSE '[]' END, '[]',
    md5(i::text) || md5('b' || i), 'pat@example.com', at, at, 0, CASE WHEN i %% 100 != 1 THEN at END
FROM generate_series(1, %(count)s / 100) AS i
JOIN LATERAL (SELECT now() - (%(count)s / 100 - i) * (interval '730 days' / %(count)s * 100) AS at) AS time ON true
"""
ROWS = (
    PEOPLE,
    MAILBOXES,
    RECORDS,
    EVIDENCE,
    SUBSCRIPTIONS,
    PROFILES,
    GLOBAL_EMAILS,
    INBOUND,
    SEALS,
    SEALED,
    TALLIES,
    ACCESSES,
    ERASURES,
)
