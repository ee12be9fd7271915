/** Width of the preview for thumbnails, in pixels. */
export const THUMBNAIL_WIDTH = 320
/** Width of the preview for the feed, in pixels. Rows contain its URL; the SQL that writes them names it too. */
export const FEED_WIDTH = 960
/** Widths of the previews that are stored beside every image, in pixels. */
export const PREVIEW_WIDTHS = [THUMBNAIL_WIDTH, FEED_WIDTH] as const
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
