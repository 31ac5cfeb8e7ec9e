from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sms_consent', '0002_looks_and_rides'),
    ]

    operations = [
        migrations.AddField(
            model_name='disclosure',
            name='door',
            field=models.CharField(choices=[('form', 'A box on a form'), ('phone_form', 'The button of the phone form'), ('keyword', 'A keyword')], default='form', max_length=10, verbose_name='words for'),
        ),
        migrations.AlterField(
            model_name='disclosure',
            name='label',
            field=models.CharField(help_text='The line next to the box, or above the form.', max_length=200),
        ),
    ]
