const begin = /^mongodb(\+srv)?:\/\//;

/**
 * Returns the fault of an address of MongoDB, or undefined. A character of the password that should be percent-encoded
 * would end it early, and the rest of it would be read as a host.
 */
export function mongoUriFault(uri: string): string | undefined {
  if (!begin.test(uri)) return 'it must begin with mongodb:// or mongodb+srv://';
  const rest = uri.replace(begin, '');
  const authority = /^[^/?#]*/.exec(rest)![0];
  if (rest.slice(authority.length).includes('@') || authority.split('@').length > 2)
    return 'in the user name, the password and the options, @ must be written as %40, / as %2F, ? as %3F and # as %23';
  return undefined;
}

/** Returns the driver's message about an address without anything that may be secret. */
export function withoutSecrets(message: string, uri: string): string {
  const [, userinfo = ''] = /^[^:]+:\/\/([^@/?]*)@/.exec(uri) ?? [];
  const options = [...uri.matchAll(/[?&][^=&]*=([^&]*)/g)].map(([, value]) => value!);
  const secrets = [userinfo, ...options].flatMap((text) => text.split(/[:,]/)).filter((text) => text.length > 2);
  const words = /^(true|false|either)$/;
  return secrets.some((text) => message.includes(text) && !words.test(text)) ? 'an option has a wrong value' : message;
}
