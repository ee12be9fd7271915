/** Starts a download, as a click on a link would. @param fileName name of the file; that of the response unless given */
export function startDownload(url: string, fileName = ''): void {
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
}
