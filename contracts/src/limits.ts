/** The limits that several parts of the studio share. Free of schemas. */
export const LIMITS = {
  promptCharacters: 32_000,
  outputs: 10,
  references: 16,
  referenceBytes: 20_000_000,
  referencePixels: 50_000_000,
  jsonBytes: 32 * 1024 * 1024,
  urlCharacters: 2_048,
  errorCharacters: 500,
  searchCharacters: 500,
  pageRows: 100,
  /** Largest preview of an output that is being made: as base64 in JSON it is below the 64 KiB that a message of the bus may have. */
  livePreviewBytes: 48_000,
  /** Longest side of such a preview, in pixels. */
  livePreviewEdge: 512,
  /** Days for which what was deleted can be restored, unless an administrator has set `TRASH_DAYS`. */
  trashDays: 30,
} as const
