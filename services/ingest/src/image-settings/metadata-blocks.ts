/** The blocks of metadata in an image file. They are views of its bytes, and may be damaged or empty. */
export interface MetadataBlocks {
  exif: Buffer | undefined
  xmp: Buffer | undefined
}

/** Signature of XMP in a segment of a JPEG. */
export const XMP_SIGNATURE = 'http://ns.adobe.com/xap/1.0/\0'
