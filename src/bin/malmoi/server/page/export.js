// Files that the server writes from segments: it has the one writer of each format.

import { fetchFile } from "./api.js";

/** A result as a file: `source` is the format that came in, else `tmx` or `xliff`. */
export function exported(result, kind) {
  const { from, to, name, model, format, article } = result;
  const segments = result.rows.map(({ source, target, status, origin }) => ({
    source,
    target,
    // The memory may have the words of a machine, too.
    status: status === "memory" && origin === "machine" ? "machine" : status,
  }));
  const document = kind === "source" ? { text: article, format } : {};
  return fetchFile("/api/v1/export", { as: kind, from, to, name, model, segments, ...document });
}
