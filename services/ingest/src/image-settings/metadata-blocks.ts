/** The blocks of metadata in an image file. They are views of its bytes, and may be damaged or empty. */
export interface MetadataBlocks {
  exif: Buffer | undefined
  xmp: Buffer | undefined
}

/** Signatures of the blocks in the segments of a JPEG. Some programs write that of EXIF in other formats, too. */
export const EXIF_SIGNATURE = 'Exif\0\0'
export const XMP_SIGNATURE = 'http://ns.adobe.com/xap/1.0/\0'
