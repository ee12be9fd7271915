/** Keyword of XMP metadata in a PNG, and that by which readers find those of other formats. */
export const XMP = 'XML:com.adobe.xmp'
