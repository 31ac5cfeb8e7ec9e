from django.db import migrations, models


def whatever_waits_was_asked_for_when_its_request_was_made(apps, schema_editor):
    Record = apps.get_model('sms_consent', 'ConsentRecord')
    asked_at = Record.objects.filter(pk=models.OuterRef('request')).values('occurred_at')
    waiting = apps.get_model('sms_consent', 'Subscription').objects.filter(state='pending')
    waiting.update(requested_at=models.Subquery(asked_at))


class Migration(migrations.Migration):

    dependencies = [
        ('sms_consent', '0006_inbound'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='renewals',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='subscription',
            name='requested_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='brazeprofile',
            name='is_to_delete',
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(whatever_waits_was_asked_for_when_its_request_was_made, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('requested_at__isnull', False)), fields=['requested_at'], name='subscription_waiting'),
        ),
    ]
