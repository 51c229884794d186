/** The SDK of AWS warns of versions of Node.js that it will no longer support, on stderr and past the log. This action is tested with them. */
export function quietSdk(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
}
