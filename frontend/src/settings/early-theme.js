// Runs before the first paint. It is a file of its own because the content security policy forbids inline scripts.
// theme.ts reads and writes the same key.
try {
  const theme = localStorage.getItem('darkroom.theme')
  if (theme === 'dark' || theme === 'paper') document.documentElement.dataset.theme = theme
} catch {
  // Storage is switched off: the page follows the system.
}
