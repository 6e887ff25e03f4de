"""Addresses of the room."""

from django.urls import path

from nengtan.identity.pages import account, keys, signing, trail, users

urlpatterns = [
    path("sign-in/", signing.SignIn.as_view(), name="sign_in"),
    path("sign-out/", signing.SignOut.as_view(), name="sign_out"),
    path("password/", signing.password_change, name="password_change"),
    path("password/reset/", signing.password_reset, name="password_reset"),
    path("password/reset/sent/", signing.password_reset_sent, name="password_reset_sent"),
    path("password/reset/<uidb64>/<token>/", signing.PasswordResetLink.as_view(), name="password_reset_link"),
    path("account/", account.account, name="account"),
    path("users/", users.users, name="users"),
    path("users/add/", users.user_add, name="user_add"),
    path("users/places/", users.place_suggestions, name="place_suggestions"),
    path("users/<int:pk>/", users.user, name="user"),
    path("users/<int:pk>/reset/", users.user_reset, name="user_reset"),
    path("users/<int:pk>/active/", users.user_active, name="user_active"),
    path("users/grants/<int:pk>/revoke/", users.grant_revoke, name="grant_revoke"),
    path("api-keys/", keys.api_keys, name="api_keys"),
    path("api-keys/add/", keys.api_key_add, name="api_key_add"),
    path("api-keys/<int:pk>/revoke/", keys.api_key_revoke, name="api_key_revoke"),
    path("audit/", trail.audit, name="audit"),
    path("audit/<int:pk>/", trail.audit_event, name="audit_event"),
]
