"""Addresses of jobs (mounted at ``/jobs/``)."""

from django.urls import path

from nengtan.ui.jobs import pages

urlpatterns = [
    path("<int:pk>/", pages.job, name="job"),
    path("<int:pk>/state/", pages.job_state, name="job_state"),
    path("<int:pk>/cancel/", pages.job_cancel, name="job_cancel"),
]
