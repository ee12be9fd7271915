import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { findMedia } from '../../lightbox/gallery.ts'
import { formatFileName } from '../../lightbox/media-file-name.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { startDownload } from '../download.ts'
import type { TileActions } from './tile-actions.ts'

/** Returns the entries of an output's menu: the verbs that a model can do with it, then what can be done with the file. */
export function listTileMenu(
  generation: Generation,
  output: Output & { url: string },
  actions: TileActions,
): MenuItem[] {
  const verbs = actions.listOutputVerbs?.(generation, output) ?? []
  const { removeOutput } = actions
  const shownImage = { url: output.url, previewUrl: output.previewUrl ?? output.url }
  const files: MenuItem[] = [
    // As a verb it names the output as the parent.
    ...(output.kind === 'image' && !verbs.some(({ icon }) => icon === 'reference')
      ? [{ label: 'Use as reference', icon: 'reference', run: () => actions.useAsReference(shownImage) } as const]
      : []),
    { label: 'Download', icon: 'download', run: () => startDownload(output.url, fileNameOf(generation, output)) },
    ...(removeOutput
      ? [
          {
            label: output.kind === 'video' ? 'Delete this video' : 'Delete this picture',
            icon: 'bin',
            run: () => removeOutput(generation, output.index),
          } as const,
        ]
      : []),
  ]
  return [...verbs, ...files.map((item, index) => ({ ...item, startsGroup: index === 0 && verbs.length > 0 }))]
}

/** Returns the name of an output's file for a download. */
export function fileNameOf(generation: Generation, { index }: Output): string | undefined {
  const media = findMedia({ key: '', sortKey: '', generation, delivery: null }, index)
  return media && formatFileName(media)
}
