// Checks Sluice's tokens at the edge of a CDN, with Web Crypto: for edge functions in which a request is
// answered by fetch(), such as Cloudflare Workers, Deno Deploy or Fastly Compute. Viewers ask for
// /t/TOKEN/live/show/...; the gateway, and the cache, for /live/show/..., which is one copy for all. Let
// watch.trusted have the CDN's addresses, so that nobody gets around the edge.
//
//   export default { fetch: (request, env) => answer(request, env.SECRETS.split('\n'), (r) => fetch(r)) };

/** Answers a request by way of `next` if its token is signed with one of the secrets, or else with 403. */
export async function answer(request, secrets, next) {
  const url = new URL(request.url);
  const [, token, path] = /^\/t\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
  const why = token
    ? await refusal(token, streamOf(path), secrets, Date.now() / 1000)
    : "a token is needed";
  if (why) {
    const headers = {
      "Cache-Control": "no-store",
      "Access-Control-Allow-Origin": "*",
    };
    return new Response(`Forbidden: ${why}\n`, { status: 403, headers });
  }
  url.pathname = path;
  return next(new Request(url, request));
}

/** The stream that a path is of, "live/show". */
export function streamOf(path) {
  const [, app = "", name = "", ...more] = path.split("/");
  return `${app}/${more.length > 0 ? name : name.replace(/\.(m3u8|mpd)$/, "")}`;
}

/** Why a token is not good for a stream at a time, in seconds since 1970; undefined if it is. */
export async function refusal(token, stream, secrets, now) {
  const [payload = "", signature = "", ...more] = token.split(".");
  const signed = await Promise.all(
    secrets.filter(Boolean).map((secret) => verify(secret, signature, payload)),
  );
  if (more.length > 0 || !signed.includes(true))
    return "it is not signed with a secret of this gateway";
  const [, expires, scope] =
    /^(\d+):(.*)$/.exec(new TextDecoder().decode(decode(payload))) ?? [];
  if (!(Number(expires) > now)) return "it has expired";
  const [app] = stream.split("/");
  return ["*", `${app}/*`, stream].includes(scope)
    ? undefined
    : "it is for another stream";
}

async function verify(secret, signature, payload) {
  const bytes = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey(
    "raw",
    bytes.encode(secret.trim()),
    hmac,
    false,
    ["verify"],
  );
  return crypto.subtle.verify(
    "HMAC",
    key,
    decode(signature),
    bytes.encode(payload),
  );
}

function decode(base64url) {
  try {
    return Uint8Array.from(
      atob(base64url.replaceAll("-", "+").replaceAll("_", "/")),
      (c) => c.charCodeAt(0),
    );
  } catch {
    return new Uint8Array();
  }
}
