import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ManifestLine } from '@darkroom/contracts/history/download'

/** The lines of a manifest, which are written after all files. They are compressed meanwhile: prompts are long and alike. */
export interface ManifestLines {
  add(lines: readonly ManifestLine[]): void
  /** Yields the lines as UTF-8, in their order. */
  read(): AsyncGenerator<Uint8Array, void, void>
}

export function createManifestLines(): ManifestLines {
  const batches: Buffer[] = []
  return {
    add: lines => {
      batches.push(deflateRawSync(lines.map(line => `${JSON.stringify(line)}\n`).join('')))
    },
    read: async function* () {
      for (const batch of batches) yield inflateRawSync(batch)
    },
  }
}
