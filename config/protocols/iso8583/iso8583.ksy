meta:
  id: iso8583
  title: ISO 8583:1987 in ASCII
  endian: be
  encoding: ASCII
doc: |
  ISO 8583:1987 with the message type, digits and lengths in ASCII, bitmaps and `b` fields as bytes, and two bytes of
  length in front. Two bitmaps say which fields follow. `-gateway` keeps from logs what a card or its holder is known by.
-gateway:
  frame: {auto: true, max: 65537}
  operation: message.mti
  kind: '(message.mti.to_i >> 8 & 1) == 1 ? "reply" : "request"'
  id: [message.stan, message.transmission_time, message.terminal]
  error: message.response_code == '91' or message.response_code == '96'
seq:
  - {id: len_message, type: u2}
  - {id: message, type: message, size: len_message}
types:
  message:
    seq:
      - {id: mti, type: u4, enum: mti, valid: {in-enum: true}, doc: Four digits in ASCII.}
      - {id: has, type: first_bitmap}
      - {id: also, type: second_bitmap, if: has.second}
      - {id: len_pan, type: str, size: 2, if: has.pan, valid: {expr: _.to_i <= 19}}
      - {id: pan, type: str, size: len_pan.to_i, if: has.pan, -gateway: {secret: true}, doc: Primary account number.}
      - {id: processing_code, type: str, size: 6, if: has.processing_code}
      - {id: amount, type: str, size: 12, if: has.amount, -gateway: {codec: ascii}, doc: In the currency's minor unit.}
      - {id: amount_settlement, type: str, size: 12, if: has.amount_settlement, -gateway: {codec: ascii}}
      - {id: amount_billing, type: str, size: 12, if: has.amount_billing, -gateway: {codec: ascii}}
      - {id: transmission_time, type: str, size: 10, if: has.transmission_time, doc: MMDDhhmmss.}
      - {id: fee_billing, type: str, size: 8, if: has.fee_billing, -gateway: {codec: ascii}}
      - {id: rate_settlement, type: str, size: 8, if: has.rate_settlement}
      - {id: rate_billing, type: str, size: 8, if: has.rate_billing}
      - {id: stan, type: str, size: 6, if: has.stan, doc: System trace audit number.}
      - {id: local_time, type: str, size: 6, if: has.local_time, doc: hhmmss.}
      - {id: local_date, type: str, size: 4, if: has.local_date, doc: MMDD.}
      - {id: expiry, type: str, size: 4, if: has.expiry, -gateway: {secret: true}, doc: YYMM.}
      - {id: settlement_date, type: str, size: 4, if: has.settlement_date}
      - {id: conversion_date, type: str, size: 4, if: has.conversion_date}
      - {id: capture_date, type: str, size: 4, if: has.capture_date}
      - {id: merchant_type, type: str, size: 4, if: has.merchant_type}
      - {id: acquirer_country, type: str, size: 3, if: has.acquirer_country}
      - {id: pan_country, type: str, size: 3, if: has.pan_country}
      - {id: forwarder_country, type: str, size: 3, if: has.forwarder_country}
      - {id: entry_mode, type: str, size: 3, if: has.entry_mode}
      - {id: card_sequence, type: str, size: 3, if: has.card_sequence}
      - {id: network_id, type: str, size: 3, if: has.network_id}
      - {id: condition_code, type: str, size: 2, if: has.condition_code}
      - {id: pin_capture_code, type: str, size: 2, if: has.pin_capture_code}
      - {id: approval_code_length, type: str, size: 1, if: has.approval_code_length}
      - {id: fee_transaction, type: str, size: 9, if: has.fee_transaction}
      - {id: fee_settlement, type: str, size: 9, if: has.fee_settlement}
      - {id: fee_processing, type: str, size: 9, if: has.fee_processing}
      - {id: fee_settlement_processing, type: str, size: 9, if: has.fee_settlement_processing}
      - {id: len_acquirer, type: str, size: 2, if: has.acquirer, valid: {expr: _.to_i <= 11}}
      - {id: acquirer, type: str, size: len_acquirer.to_i, if: has.acquirer}
      - {id: len_forwarder, type: str, size: 2, if: has.forwarder, valid: {expr: _.to_i <= 11}}
      - {id: forwarder, type: str, size: len_forwarder.to_i, if: has.forwarder}
      - {id: len_pan_extended, type: str, size: 2, if: has.pan_extended, valid: {expr: _.to_i <= 28}}
      - {id: pan_extended, type: str, size: len_pan_extended.to_i, if: has.pan_extended, -gateway: {secret: true}}
      - {id: len_track_2, type: str, size: 2, if: has.track_2, valid: {expr: _.to_i <= 37}}
      - {id: track_2, type: str, size: len_track_2.to_i, if: has.track_2, -gateway: {secret: true}}
      - {id: len_track_3, type: str, size: 3, if: has.track_3, valid: {expr: _.to_i <= 104}}
      - {id: track_3, type: str, size: len_track_3.to_i, if: has.track_3, -gateway: {secret: true}}
      - {id: reference, type: str, size: 12, if: has.reference, doc: Retrieval reference number.}
      - {id: approval_code, type: str, size: 6, if: has.approval_code}
      - {id: response_code, type: str, size: 2, if: has.response_code, doc: "'00' is approved."}
      - {id: service_restriction, type: str, size: 3, if: has.service_restriction}
      - {id: terminal, type: str, size: 8, pad-right: 0x20, if: has.terminal}
      - {id: merchant, type: str, size: 15, pad-right: 0x20, if: has.merchant}
      - {id: merchant_location, type: str, size: 40, pad-right: 0x20, if: has.merchant_location}
      - {id: len_additional_response, type: str, size: 2, if: has.additional_response, valid: {expr: _.to_i <= 25}}
      - {id: additional_response, type: str, size: len_additional_response.to_i, if: has.additional_response}
      - {id: len_track_1, type: str, size: 2, if: has.track_1, valid: {expr: _.to_i <= 76}}
      - {id: track_1, type: str, size: len_track_1.to_i, if: has.track_1, -gateway: {secret: true}}
      - {id: len_additional_iso, type: str, size: 3, if: has.additional_iso, valid: {expr: _.to_i <= 999}}
      - {id: additional_iso, type: str, size: len_additional_iso.to_i, if: has.additional_iso}
      - {id: len_additional_national, type: str, size: 3, if: has.additional_national, valid: {expr: _.to_i <= 999}}
      - {id: additional_national, type: str, size: len_additional_national.to_i, if: has.additional_national}
      - {id: len_additional_private, type: str, size: 3, if: has.additional_private, valid: {expr: _.to_i <= 999}}
      - {id: additional_private, type: str, size: len_additional_private.to_i, if: has.additional_private}
      - {id: currency, type: str, size: 3, if: has.currency, doc: ISO 4217.}
      - {id: currency_settlement, type: str, size: 3, if: has.currency_settlement}
      - {id: currency_billing, type: str, size: 3, if: has.currency_billing}
      - {id: pin, size: 8, if: has.pin, -gateway: {json: hex, secret: true}, doc: An encrypted PIN block.}
      - {id: security_control, type: str, size: 16, if: has.security_control, -gateway: {secret: true}}
      - {id: len_additional_amounts, type: str, size: 3, if: has.additional_amounts, valid: {expr: _.to_i <= 120}}
      - {id: additional_amounts, type: str, size: len_additional_amounts.to_i, if: has.additional_amounts}
      - {id: len_chip, type: str, size: 3, if: has.chip, valid: {expr: _.to_i <= 999}}
      - {id: chip, size: len_chip.to_i, if: has.chip, -gateway: {json: hex, secret: true}, doc: EMV data.}
      - {id: len_reserved_56, type: str, size: 3, if: has.reserved_56, valid: {expr: _.to_i <= 999}}
      - {id: reserved_56, type: str, size: len_reserved_56.to_i, if: has.reserved_56}
      - {id: len_reserved_57, type: str, size: 3, if: has.reserved_57, valid: {expr: _.to_i <= 999}}
      - {id: reserved_57, type: str, size: len_reserved_57.to_i, if: has.reserved_57}
      - {id: len_reserved_58, type: str, size: 3, if: has.reserved_58, valid: {expr: _.to_i <= 999}}
      - {id: reserved_58, type: str, size: len_reserved_58.to_i, if: has.reserved_58}
      - {id: len_reserved_59, type: str, size: 3, if: has.reserved_59, valid: {expr: _.to_i <= 999}}
      - {id: reserved_59, type: str, size: len_reserved_59.to_i, if: has.reserved_59}
      - {id: len_reserved_60, type: str, size: 3, if: has.reserved_60, valid: {expr: _.to_i <= 999}}
      - {id: reserved_60, type: str, size: len_reserved_60.to_i, if: has.reserved_60}
      - {id: len_reserved_61, type: str, size: 3, if: has.reserved_61, valid: {expr: _.to_i <= 999}}
      - {id: reserved_61, type: str, size: len_reserved_61.to_i, if: has.reserved_61}
      - {id: len_reserved_62, type: str, size: 3, if: has.reserved_62, valid: {expr: _.to_i <= 999}}
      - {id: reserved_62, type: str, size: len_reserved_62.to_i, if: has.reserved_62}
      - {id: len_reserved_63, type: str, size: 3, if: has.reserved_63, valid: {expr: _.to_i <= 999}}
      - {id: reserved_63, type: str, size: len_reserved_63.to_i, if: has.reserved_63}
      - {id: mac, size: 8, if: has.mac, -gateway: {json: hex}}
      - {id: settlement_code, type: str, size: 1, if: has.second and also.settlement_code}
      - {id: extended_payment, type: str, size: 2, if: has.second and also.extended_payment}
      - {id: receiver_country, type: str, size: 3, if: has.second and also.receiver_country}
      - {id: settlement_country, type: str, size: 3, if: has.second and also.settlement_country}
      - {id: network_code, type: str, size: 3, if: has.second and also.network_code, doc: '001 signs on, 002 signs off, 301 is an echo test.'}
      - {id: message_number, type: str, size: 4, if: has.second and also.message_number}
      - {id: last_message_number, type: str, size: 4, if: has.second and also.last_message_number}
      - {id: action_date, type: str, size: 6, if: has.second and also.action_date}
      - {id: credits_number, type: str, size: 10, if: has.second and also.credits_number, -gateway: {codec: ascii}}
      - {id: credit_reversals_number, type: str, size: 10, if: has.second and also.credit_reversals_number, -gateway: {codec: ascii}}
      - {id: debits_number, type: str, size: 10, if: has.second and also.debits_number, -gateway: {codec: ascii}}
      - {id: debit_reversals_number, type: str, size: 10, if: has.second and also.debit_reversals_number, -gateway: {codec: ascii}}
      - {id: transfers_number, type: str, size: 10, if: has.second and also.transfers_number, -gateway: {codec: ascii}}
      - {id: transfer_reversals_number, type: str, size: 10, if: has.second and also.transfer_reversals_number, -gateway: {codec: ascii}}
      - {id: inquiries_number, type: str, size: 10, if: has.second and also.inquiries_number, -gateway: {codec: ascii}}
      - {id: authorisations_number, type: str, size: 10, if: has.second and also.authorisations_number, -gateway: {codec: ascii}}
      - {id: credits_processing_fee, type: str, size: 12, if: has.second and also.credits_processing_fee, -gateway: {codec: ascii}}
      - {id: credits_transaction_fee, type: str, size: 12, if: has.second and also.credits_transaction_fee, -gateway: {codec: ascii}}
      - {id: debits_processing_fee, type: str, size: 12, if: has.second and also.debits_processing_fee, -gateway: {codec: ascii}}
      - {id: debits_transaction_fee, type: str, size: 12, if: has.second and also.debits_transaction_fee, -gateway: {codec: ascii}}
      - {id: credits_amount, type: str, size: 16, if: has.second and also.credits_amount, -gateway: {codec: ascii}}
      - {id: credit_reversals_amount, type: str, size: 16, if: has.second and also.credit_reversals_amount, -gateway: {codec: ascii}}
      - {id: debits_amount, type: str, size: 16, if: has.second and also.debits_amount, -gateway: {codec: ascii}}
      - {id: debit_reversals_amount, type: str, size: 16, if: has.second and also.debit_reversals_amount, -gateway: {codec: ascii}}
      - {id: original_data, type: str, size: 42, if: has.second and also.original_data, doc: 'MTI, stan, transmission time, acquirer and forwarder of the message that is reversed.'}
      - {id: file_update_code, type: str, size: 1, if: has.second and also.file_update_code}
      - {id: file_security_code, type: str, size: 2, if: has.second and also.file_security_code}
      - {id: response_indicator, type: str, size: 5, if: has.second and also.response_indicator}
      - {id: service_indicator, type: str, size: 7, if: has.second and also.service_indicator}
      - {id: replacement_amounts, type: str, size: 42, if: has.second and also.replacement_amounts}
      - {id: message_security, size: 8, if: has.second and also.message_security, -gateway: {json: hex, secret: true}}
      - {id: net_settlement, type: str, size: 17, if: has.second and also.net_settlement}
      - {id: payee, type: str, size: 25, pad-right: 0x20, if: has.second and also.payee}
      - {id: len_settlement_institution, type: str, size: 2, if: has.second and also.settlement_institution, valid: {expr: _.to_i <= 11}}
      - {id: settlement_institution, type: str, size: len_settlement_institution.to_i, if: has.second and also.settlement_institution}
      - {id: len_receiver, type: str, size: 2, if: has.second and also.receiver, valid: {expr: _.to_i <= 11}}
      - {id: receiver, type: str, size: len_receiver.to_i, if: has.second and also.receiver}
      - {id: len_file_name, type: str, size: 2, if: has.second and also.file_name, valid: {expr: _.to_i <= 17}}
      - {id: file_name, type: str, size: len_file_name.to_i, if: has.second and also.file_name}
      - {id: len_account_1, type: str, size: 2, if: has.second and also.account_1, valid: {expr: _.to_i <= 28}}
      - {id: account_1, type: str, size: len_account_1.to_i, if: has.second and also.account_1, -gateway: {secret: true}}
      - {id: len_account_2, type: str, size: 2, if: has.second and also.account_2, valid: {expr: _.to_i <= 28}}
      - {id: account_2, type: str, size: len_account_2.to_i, if: has.second and also.account_2, -gateway: {secret: true}}
      - {id: len_description, type: str, size: 3, if: has.second and also.description, valid: {expr: _.to_i <= 100}}
      - {id: description, type: str, size: len_description.to_i, if: has.second and also.description}
      - {id: len_reserved_105, type: str, size: 3, if: has.second and also.reserved_105, valid: {expr: _.to_i <= 999}}
      - {id: reserved_105, type: str, size: len_reserved_105.to_i, if: has.second and also.reserved_105}
      - {id: len_reserved_106, type: str, size: 3, if: has.second and also.reserved_106, valid: {expr: _.to_i <= 999}}
      - {id: reserved_106, type: str, size: len_reserved_106.to_i, if: has.second and also.reserved_106}
      - {id: len_reserved_107, type: str, size: 3, if: has.second and also.reserved_107, valid: {expr: _.to_i <= 999}}
      - {id: reserved_107, type: str, size: len_reserved_107.to_i, if: has.second and also.reserved_107}
      - {id: len_reserved_108, type: str, size: 3, if: has.second and also.reserved_108, valid: {expr: _.to_i <= 999}}
      - {id: reserved_108, type: str, size: len_reserved_108.to_i, if: has.second and also.reserved_108}
      - {id: len_reserved_109, type: str, size: 3, if: has.second and also.reserved_109, valid: {expr: _.to_i <= 999}}
      - {id: reserved_109, type: str, size: len_reserved_109.to_i, if: has.second and also.reserved_109}
      - {id: len_reserved_110, type: str, size: 3, if: has.second and also.reserved_110, valid: {expr: _.to_i <= 999}}
      - {id: reserved_110, type: str, size: len_reserved_110.to_i, if: has.second and also.reserved_110}
      - {id: len_reserved_111, type: str, size: 3, if: has.second and also.reserved_111, valid: {expr: _.to_i <= 999}}
      - {id: reserved_111, type: str, size: len_reserved_111.to_i, if: has.second and also.reserved_111}
      - {id: len_reserved_112, type: str, size: 3, if: has.second and also.reserved_112, valid: {expr: _.to_i <= 999}}
      - {id: reserved_112, type: str, size: len_reserved_112.to_i, if: has.second and also.reserved_112}
      - {id: len_reserved_113, type: str, size: 3, if: has.second and also.reserved_113, valid: {expr: _.to_i <= 999}}
      - {id: reserved_113, type: str, size: len_reserved_113.to_i, if: has.second and also.reserved_113}
      - {id: len_reserved_114, type: str, size: 3, if: has.second and also.reserved_114, valid: {expr: _.to_i <= 999}}
      - {id: reserved_114, type: str, size: len_reserved_114.to_i, if: has.second and also.reserved_114}
      - {id: len_reserved_115, type: str, size: 3, if: has.second and also.reserved_115, valid: {expr: _.to_i <= 999}}
      - {id: reserved_115, type: str, size: len_reserved_115.to_i, if: has.second and also.reserved_115}
      - {id: len_reserved_116, type: str, size: 3, if: has.second and also.reserved_116, valid: {expr: _.to_i <= 999}}
      - {id: reserved_116, type: str, size: len_reserved_116.to_i, if: has.second and also.reserved_116}
      - {id: len_reserved_117, type: str, size: 3, if: has.second and also.reserved_117, valid: {expr: _.to_i <= 999}}
      - {id: reserved_117, type: str, size: len_reserved_117.to_i, if: has.second and also.reserved_117}
      - {id: len_reserved_118, type: str, size: 3, if: has.second and also.reserved_118, valid: {expr: _.to_i <= 999}}
      - {id: reserved_118, type: str, size: len_reserved_118.to_i, if: has.second and also.reserved_118}
      - {id: len_reserved_119, type: str, size: 3, if: has.second and also.reserved_119, valid: {expr: _.to_i <= 999}}
      - {id: reserved_119, type: str, size: len_reserved_119.to_i, if: has.second and also.reserved_119}
      - {id: len_reserved_120, type: str, size: 3, if: has.second and also.reserved_120, valid: {expr: _.to_i <= 999}}
      - {id: reserved_120, type: str, size: len_reserved_120.to_i, if: has.second and also.reserved_120}
      - {id: len_reserved_121, type: str, size: 3, if: has.second and also.reserved_121, valid: {expr: _.to_i <= 999}}
      - {id: reserved_121, type: str, size: len_reserved_121.to_i, if: has.second and also.reserved_121}
      - {id: len_reserved_122, type: str, size: 3, if: has.second and also.reserved_122, valid: {expr: _.to_i <= 999}}
      - {id: reserved_122, type: str, size: len_reserved_122.to_i, if: has.second and also.reserved_122}
      - {id: len_reserved_123, type: str, size: 3, if: has.second and also.reserved_123, valid: {expr: _.to_i <= 999}}
      - {id: reserved_123, type: str, size: len_reserved_123.to_i, if: has.second and also.reserved_123}
      - {id: len_reserved_124, type: str, size: 3, if: has.second and also.reserved_124, valid: {expr: _.to_i <= 999}}
      - {id: reserved_124, type: str, size: len_reserved_124.to_i, if: has.second and also.reserved_124}
      - {id: len_reserved_125, type: str, size: 3, if: has.second and also.reserved_125, valid: {expr: _.to_i <= 999}}
      - {id: reserved_125, type: str, size: len_reserved_125.to_i, if: has.second and also.reserved_125}
      - {id: len_reserved_126, type: str, size: 3, if: has.second and also.reserved_126, valid: {expr: _.to_i <= 999}}
      - {id: reserved_126, type: str, size: len_reserved_126.to_i, if: has.second and also.reserved_126}
      - {id: len_reserved_127, type: str, size: 3, if: has.second and also.reserved_127, valid: {expr: _.to_i <= 999}}
      - {id: reserved_127, type: str, size: len_reserved_127.to_i, if: has.second and also.reserved_127}
      - {id: mac_2, size: 8, if: has.second and also.mac_2, -gateway: {json: hex}}
  first_bitmap:
    seq:
      - {id: second, type: b1}
      - {id: pan, type: b1}
      - {id: processing_code, type: b1}
      - {id: amount, type: b1}
      - {id: amount_settlement, type: b1}
      - {id: amount_billing, type: b1}
      - {id: transmission_time, type: b1}
      - {id: fee_billing, type: b1}
      - {id: rate_settlement, type: b1}
      - {id: rate_billing, type: b1}
      - {id: stan, type: b1}
      - {id: local_time, type: b1}
      - {id: local_date, type: b1}
      - {id: expiry, type: b1}
      - {id: settlement_date, type: b1}
      - {id: conversion_date, type: b1}
      - {id: capture_date, type: b1}
      - {id: merchant_type, type: b1}
      - {id: acquirer_country, type: b1}
      - {id: pan_country, type: b1}
      - {id: forwarder_country, type: b1}
      - {id: entry_mode, type: b1}
      - {id: card_sequence, type: b1}
      - {id: network_id, type: b1}
      - {id: condition_code, type: b1}
      - {id: pin_capture_code, type: b1}
      - {id: approval_code_length, type: b1}
      - {id: fee_transaction, type: b1}
      - {id: fee_settlement, type: b1}
      - {id: fee_processing, type: b1}
      - {id: fee_settlement_processing, type: b1}
      - {id: acquirer, type: b1}
      - {id: forwarder, type: b1}
      - {id: pan_extended, type: b1}
      - {id: track_2, type: b1}
      - {id: track_3, type: b1}
      - {id: reference, type: b1}
      - {id: approval_code, type: b1}
      - {id: response_code, type: b1}
      - {id: service_restriction, type: b1}
      - {id: terminal, type: b1}
      - {id: merchant, type: b1}
      - {id: merchant_location, type: b1}
      - {id: additional_response, type: b1}
      - {id: track_1, type: b1}
      - {id: additional_iso, type: b1}
      - {id: additional_national, type: b1}
      - {id: additional_private, type: b1}
      - {id: currency, type: b1}
      - {id: currency_settlement, type: b1}
      - {id: currency_billing, type: b1}
      - {id: pin, type: b1}
      - {id: security_control, type: b1}
      - {id: additional_amounts, type: b1}
      - {id: chip, type: b1}
      - {id: reserved_56, type: b1}
      - {id: reserved_57, type: b1}
      - {id: reserved_58, type: b1}
      - {id: reserved_59, type: b1}
      - {id: reserved_60, type: b1}
      - {id: reserved_61, type: b1}
      - {id: reserved_62, type: b1}
      - {id: reserved_63, type: b1}
      - {id: mac, type: b1}
  second_bitmap:
    seq:
      - {id: third_bitmap, type: b1, valid: false}
      - {id: settlement_code, type: b1}
      - {id: extended_payment, type: b1}
      - {id: receiver_country, type: b1}
      - {id: settlement_country, type: b1}
      - {id: network_code, type: b1}
      - {id: message_number, type: b1}
      - {id: last_message_number, type: b1}
      - {id: action_date, type: b1}
      - {id: credits_number, type: b1}
      - {id: credit_reversals_number, type: b1}
      - {id: debits_number, type: b1}
      - {id: debit_reversals_number, type: b1}
      - {id: transfers_number, type: b1}
      - {id: transfer_reversals_number, type: b1}
      - {id: inquiries_number, type: b1}
      - {id: authorisations_number, type: b1}
      - {id: credits_processing_fee, type: b1}
      - {id: credits_transaction_fee, type: b1}
      - {id: debits_processing_fee, type: b1}
      - {id: debits_transaction_fee, type: b1}
      - {id: credits_amount, type: b1}
      - {id: credit_reversals_amount, type: b1}
      - {id: debits_amount, type: b1}
      - {id: debit_reversals_amount, type: b1}
      - {id: original_data, type: b1}
      - {id: file_update_code, type: b1}
      - {id: file_security_code, type: b1}
      - {id: response_indicator, type: b1}
      - {id: service_indicator, type: b1}
      - {id: replacement_amounts, type: b1}
      - {id: message_security, type: b1}
      - {id: net_settlement, type: b1}
      - {id: payee, type: b1}
      - {id: settlement_institution, type: b1}
      - {id: receiver, type: b1}
      - {id: file_name, type: b1}
      - {id: account_1, type: b1}
      - {id: account_2, type: b1}
      - {id: description, type: b1}
      - {id: reserved_105, type: b1}
      - {id: reserved_106, type: b1}
      - {id: reserved_107, type: b1}
      - {id: reserved_108, type: b1}
      - {id: reserved_109, type: b1}
      - {id: reserved_110, type: b1}
      - {id: reserved_111, type: b1}
      - {id: reserved_112, type: b1}
      - {id: reserved_113, type: b1}
      - {id: reserved_114, type: b1}
      - {id: reserved_115, type: b1}
      - {id: reserved_116, type: b1}
      - {id: reserved_117, type: b1}
      - {id: reserved_118, type: b1}
      - {id: reserved_119, type: b1}
      - {id: reserved_120, type: b1}
      - {id: reserved_121, type: b1}
      - {id: reserved_122, type: b1}
      - {id: reserved_123, type: b1}
      - {id: reserved_124, type: b1}
      - {id: reserved_125, type: b1}
      - {id: reserved_126, type: b1}
      - {id: reserved_127, type: b1}
      - {id: mac_2, type: b1}
enums:
  mti:
    0x30313030: authorisation_request
    0x30313031: {id: authorisation_request_repeat, -gateway: {idempotent: true}}
    0x30313130: authorisation_response
    0x30313230: {id: authorisation_advice, -gateway: {idempotent: true}}
    0x30313231: {id: authorisation_advice_repeat, -gateway: {idempotent: true}}
    0x30313330: authorisation_advice_response
    0x30323030: financial_request
    0x30323031: {id: financial_request_repeat, -gateway: {idempotent: true}}
    0x30323130: financial_response
    0x30323230: {id: financial_advice, -gateway: {idempotent: true}}
    0x30323231: {id: financial_advice_repeat, -gateway: {idempotent: true}}
    0x30323330: financial_advice_response
    0x30333030: file_update_request
    0x30333031: {id: file_update_request_repeat, -gateway: {idempotent: true}}
    0x30333130: file_update_response
    0x30333230: {id: file_update_advice, -gateway: {idempotent: true}}
    0x30333231: {id: file_update_advice_repeat, -gateway: {idempotent: true}}
    0x30333330: file_update_advice_response
    0x30343030: {id: reversal_request, -gateway: {idempotent: true}}
    0x30343031: {id: reversal_request_repeat, -gateway: {idempotent: true}}
    0x30343130: reversal_response
    0x30343230: {id: reversal_advice, -gateway: {idempotent: true}}
    0x30343231: {id: reversal_advice_repeat, -gateway: {idempotent: true}}
    0x30343330: reversal_advice_response
    0x30353030: reconciliation_request
    0x30353031: {id: reconciliation_request_repeat, -gateway: {idempotent: true}}
    0x30353130: reconciliation_response
    0x30353230: {id: reconciliation_advice, -gateway: {idempotent: true}}
    0x30353231: {id: reconciliation_advice_repeat, -gateway: {idempotent: true}}
    0x30353330: reconciliation_advice_response
    0x30363030: administrative_request
    0x30363031: {id: administrative_request_repeat, -gateway: {idempotent: true}}
    0x30363130: administrative_response
    0x30363230: {id: administrative_advice, -gateway: {idempotent: true}}
    0x30363231: {id: administrative_advice_repeat, -gateway: {idempotent: true}}
    0x30363330: administrative_advice_response
    0x30383030: {id: network_request, -gateway: {idempotent: true}}
    0x30383031: {id: network_request_repeat, -gateway: {idempotent: true}}
    0x30383130: network_response
    0x30383230: {id: network_advice, -gateway: {idempotent: true}}
    0x30383231: {id: network_advice_repeat, -gateway: {idempotent: true}}
    0x30383330: network_advice_response
