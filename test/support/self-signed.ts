/**
 * A self-signed certificate for localhost and 127.0.0.1, valid until 2126, and its key. For tests only.
 * Created by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost`.
 */
export const SELF_SIGNED = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUK/2U9rv22bXOiWolPANoVcqKRXowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAyMTcyOFoYDzIxMjYxMDMx
MDIxNzI4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASxv6MRBBUEoas4omXMjvFTXSVJgkwsBk+8E+82gTA4QVgWTtAGwWuv
fxAWZhOkVgfZ64Uq2c497toanmul29jWo28wbTAdBgNVHQ4EFgQUDlNtHZagvpp4
rjIPPC4+GQwHYNMwHwYDVR0jBBgwFoAUDlNtHZagvpp4rjIPPC4+GQwHYNMwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgA7zqEDhSjXp7if6/3YdWerZJ2L+8SK2RRMMOCPeXPiwCIQDr
+miVYQvH4ylrGk1CADHoxl5mCLzqlqpa2JTpvbGoIg==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcuQQF8f69zyFszEV
L3ZDbIk6WPOb+rtk6THrrE4/3GqhRANCAASxv6MRBBUEoas4omXMjvFTXSVJgkws
Bk+8E+82gTA4QVgWTtAGwWuvfxAWZhOkVgfZ64Uq2c497toanmul29jW
-----END PRIVATE KEY-----`,
} as const
