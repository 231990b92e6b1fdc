/**
 * The page's policy says `require-trusted-types-for 'script'`: no text becomes script or markup anywhere, whoever writes it there.
 * The one thing let through is the address of a worker of our own build. Imported before anything else.
 */
interface Factory {
  createPolicy(name: string, rules: { readonly createScriptURL: (url: string) => string }): unknown
}
const { trustedTypes } = globalThis as { readonly trustedTypes?: Factory }

trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    const { origin, pathname } = new URL(url, location.href)
    if (origin === location.origin && (pathname === '/sw.js' || pathname.startsWith('/assets/'))) return url
    throw new TypeError(`${url.slice(0, 200)} is no worker of this page.`)
  },
})
