/** Endings that name a version of the same model: a date, a number of a build, a stage, the one that is newest. */
const VERSION = /(?:[-@:](?:\d{4}-?\d{2}-?\d{2}|\d{2}-\d{4}|\d{3}|preview|exp|latest|stable|[0-9a-f]{12,}))+$/

/**
 * Returns the name of the model that ran, where it is another than the one that was asked for; null where it is the same, or a version of
 * it: `gpt-image-2-2026-04-21` is `gpt-image-2`.
 *
 * @param id of the model that was asked for: `<connection>/<name at the provider>`
 * @param reported name by its provider
 */
export function findOtherModel(id: string, connection: string, reported: string): string | null {
  const requested = id.startsWith(`${connection}/`) ? id.slice(connection.length + 1) : id
  return normalize(requested) === normalize(reported) ? null : reported
}

function normalize(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/^models\//, '')
    .replace(VERSION, '')
}
