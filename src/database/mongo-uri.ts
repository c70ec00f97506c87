const begin = /^mongodb(\+srv)?:\/\//;

/**
 * Says what is wrong with an address of MongoDB; undefined where its user name and password end where they should. A
 * character of the password that is not percent-encoded would end it early, and its rest would be taken for a host.
 */
export function mongoUriFault(uri: string): string | undefined {
  if (!begin.test(uri)) return 'it must begin with mongodb:// or mongodb+srv://';
  const rest = uri.replace(begin, '');
  const authority = /^[^/?#]*/.exec(rest)![0];
  if (rest.slice(authority.length).includes('@') || authority.split('@').length > 2)
    return 'in the user name, the password and the options, @ must be written as %40, / as %2F, ? as %3F and # as %23';
  return undefined;
}

/** The driver's words about an address, without what may be secret. */
export function withoutSecrets(message: string, uri: string): string {
  const [, userinfo = ''] = /^[^:]+:\/\/([^@/?]*)@/.exec(uri) ?? [];
  const options = [...uri.matchAll(/[?&][^=&]*=([^&]*)/g)].map(([, value]) => value!);
  const secrets = [userinfo, ...options].flatMap((text) => text.split(/[:,]/)).filter((text) => text.length > 2);
  const words = /^(true|false|either)$/;
  return secrets.some((text) => message.includes(text) && !words.test(text)) ? 'an option has a wrong value' : message;
}
