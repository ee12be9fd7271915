/** Widths of the previews that are stored beside every image, in pixels. The first is for thumbnails, the last for the feed. */
export const PREVIEW_WIDTHS = [320, 960] as const
export type PreviewWidth = (typeof PREVIEW_WIDTHS)[number]

/** Returns the key of an object's preview: `a/b.png` → `a/b.w320.webp`. */
export function previewKey(key: string, width: PreviewWidth): string {
  return `${key.replace(/\.[a-z0-9]+$/, '')}.w${width}.webp`
}

/** Returns the keys of an object and of its previews. */
export function objectKeys(key: string): string[] {
  return [key, ...PREVIEW_WIDTHS.map(width => previewKey(key, width))]
}

const LARGEST_PREVIEW = new RegExp(`\\.w${Math.max(...PREVIEW_WIDTHS)}\\.webp$`)

/** Returns the URL of the same preview at another width; rows contain the largest. Returns any other URL unchanged. */
export function previewUrlAtWidth(previewUrl: string, width: PreviewWidth): string {
  return previewUrl.replace(LARGEST_PREVIEW, `.w${width}.webp`)
}
