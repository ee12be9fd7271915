import type { Output } from '@darkroom/contracts/output'

/** Checks whether an output can be shown. */
export function isVisible(output: Output): output is Output & { url: string } {
  return output.url !== null && output.state !== 'lost' && output.state !== 'failed'
}
