import type { ManifestLine } from '@darkroom/contracts/history/download'
import type { OutputRow, ReferenceRow } from './download-rows.ts'
import type { OpenFile } from './open-file.ts'

/** The public document of a generation, as far as a manifest repeats it. */
export type ManifestDocument = Pick<
  ManifestLine,
  'id' | 'prompt' | 'model' | 'kind' | 'parameters' | 'parent' | 'cost' | 'createdAt'
>

/** Begins the line of a generation. Files and missing outputs are added as they are found. */
export function createManifestLine(document: ManifestDocument, references: readonly ReferenceRow[]): ManifestLine {
  const { id, prompt, model, kind, parameters, parent, cost, createdAt } = document
  const seed = parameters.seed ?? null
  const common = { id, prompt, model, kind, parameters, seed, references: [...references], parent, cost, createdAt }
  return { ...common, files: [], missing: [] }
}

/** Describes a file. Whether it has metadata is given where it was to have none. */
export function describeFile(
  name: string,
  output: OutputRow,
  { isCleaned, withoutMetadata }: Pick<OpenFile, 'isCleaned'> & { withoutMetadata: boolean },
): ManifestLine['files'][number] {
  const { index: outputIndex, sha256, bytes, mimeType, width, height } = output
  const metadata = isCleaned ? ('removed' as const) : ('unchanged' as const)
  return { name, outputIndex, sha256, bytes, mimeType, width, height, ...(withoutMetadata ? { metadata } : {}) }
}
