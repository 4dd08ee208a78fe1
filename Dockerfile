# ClinicPay for production. docker-compose.yml says what runs from this image.
FROM python:3.11-slim-bookworm AS packages
COPY requirements/extras.txt /tmp/extras.txt
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /tmp/extras.txt

FROM python:3.11-slim-bookworm
# What WeasyPrint needs to draw receipts.
RUN apt-get update && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data clinicpay && install --directory --owner=clinicpay --group=clinicpay /data /data/media
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 WEB_BIND=0.0.0.0:8000 CLINICPAY_DATA=/data
WORKDIR /app
COPY manage.py gunicorn.conf.py pyproject.toml ./
COPY clinicpay clinicpay
COPY treatments treatments
COPY balances balances
COPY payments payments
COPY deposits deposits
COPY followups followups
COPY templates templates
COPY static static
# No server is asked: the address only keeps manage.py from starting one.
RUN DATABASE_URL=postgres://clinicpay_app@nowhere/clinicpay SECRET_KEY=not-kept python manage.py collectstatic --noinput --verbosity 0
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "clinicpay.wsgi:application"]
