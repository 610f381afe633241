async (vectors) => {
  const p = await import("./key/page/protocol.js");
  const { keys, sealed_token: vector, charger } = vectors;
  const bytes = p.unhex;
  const site = { siteId: bytes(vectors.site_id), siteKey: bytes(keys.reader.public) };
  const at = bytes(charger.charger_id);
  const challenge = bytes(vector.challenge);

  const coordinates = (compressed) => {
    const point = p.decompress(bytes(compressed));
    return { x: p.base64url(point.subarray(1, 33)), y: p.base64url(point.subarray(33)) };
  };
  const { private: secret, public: shown } = keys.holder_ephemeral;
  const jwk = { kty: "EC", crv: "P-256", ...coordinates(shown) };
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const ephemeral = {
    publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
    privateKey: await crypto.subtle.importKey(
      "jwk", { ...jwk, d: p.base64url(bytes(secret)) }, curve, false, ["deriveBits"],
    ),
  };

  const refused = async (body, whose, where) => {
    try {
      await p.check(body, whose, where);
      return null;
    } catch (error) {
      return error.word;
    }
  };
  const forged = challenge.slice();
  forged[20] ^= 1;

  const response = bytes(vector.response);
  const token = response.subarray(97);
  const channel = await p.Channel.agree(challenge, ephemeral);
  const toSign = await p.answerToSign(p.RESPONSE, challenge, channel.public, token);
  const [type, body] = await channel.seal(p.RESPONSE, response);
  const [, result] = await channel.open(vector.sent_result_type, bytes(vector.sent_result_body));

  const joiner = new p.Joiner();
  let joined = null;
  for (const frame of vectors.frames["23"]) joined = joiner.add(bytes(frame)) ?? joined;
  const frames = {};
  for (const mtu of Object.keys(vectors.frames)) {
    frames[mtu] = p.frames(joined[0], joined[1], Number(mtu) - 3).map(p.hex);
  }
  return {
    challenge: (await refused(challenge, site, at)) === null,
    signature: await p.verified(response.subarray(0, 33), response.subarray(33, 97), toSign),
    sealed_type: type,
    sealed_body: p.hex(body),
    result: p.hex(result),
    point: p.hex(p.compress(p.decompress(bytes(keys.holder.public)))),
    frames,
    joined: p.hex(joined[1]),
    hello: p.hex(p.hello()[0]),
    refused: [
      await refused(bytes(vectors.plain_token.challenge), site, at),
      await refused(challenge, { ...site, siteId: bytes("0000000000000000") }, at),
      await refused(forged, site, at),
      await refused(challenge, site, bytes("0000000000000000")),
      await refused(challenge.subarray(1), site, at),
    ],
  };
}
