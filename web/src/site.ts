/**
 * Where things are. All addresses are relative to the page, as a token for those who may watch stands in
 * front of its path, /t/TOKEN/live/show/. Pure.
 */

/** The root of the gateway, from the page of a stream. */
export const UP = '../../';

/** A path from the root of the gateway, such as `/live/show/`, as seen from a page; `root` is empty, or UP. */
export function below(root: string, path: string): string {
  return `${root}${path.replace(/^\/+/, '')}` || './';
}

/** The stream whose page is at a path, as app/name. */
export function streamAt(pathname: string): string {
  return pathname
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .map(decoded)
    .join('/');
}

/** Whether a token stands in front of a path. */
export function hasToken(pathname: string): boolean {
  return pathname.startsWith('/t/');
}

/** The path of the list for those who have a token; null when what was entered cannot be one. */
export function pathWithToken(pathname: string, entered: string): string | null {
  const token = /^\s*(?:.*\/t\/)?([\w.~=-]+)\/?\s*$/.exec(entered)?.[1];
  return token === undefined ? null : `${pathname.replace(/t\/[^/]*\/$/, '')}t/${token}/`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
