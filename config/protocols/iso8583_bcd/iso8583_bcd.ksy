meta:
  id: iso8583_bcd
  title: ISO 8583:1987 with packed digits
  endian: be
  encoding: ASCII
doc: |
  ISO 8583:1987 with digits packed two a byte: the message type, fixed numeric fields (an odd number of digits has a zero in
  front), lengths, account numbers and tracks, whose length counts digits. Texts are ASCII, bitmaps and `b` fields bytes.
  Two bytes of length stand in front.
-gateway:
  frame: {auto: true, max: 65537}
  operation: message.mti
  kind: '(message.mti.to_i >> 4 & 1) == 1 ? "reply" : "request"'
  id: [message.stan, message.transmission_time, message.terminal]
  error: message.response_code == '91' or message.response_code == '96'
seq:
  - {id: len_message, type: u2}
  - {id: message, type: message, size: len_message}
types:
  message:
    seq:
      - {id: mti, type: u2, enum: mti, valid: {in-enum: true}, doc: Four digits.}
      - {id: has, type: first_bitmap}
      - {id: also, type: second_bitmap, if: has.second}
      - {id: len_pan, type: digits_2, if: has.pan, -gateway: {codec: bcd}}
      - {id: pan, size: (len_pan.value + 1) / 2, if: has.pan, -gateway: {json: hex, secret: true}, doc: Primary account number.}
      - {id: processing_code, size: 3, if: has.processing_code, -gateway: {json: hex}}
      - {id: amount, size: 6, if: has.amount, -gateway: {codec: bcd}, doc: In the currency's minor unit.}
      - {id: amount_settlement, size: 6, if: has.amount_settlement, -gateway: {codec: bcd}}
      - {id: amount_billing, size: 6, if: has.amount_billing, -gateway: {codec: bcd}}
      - {id: transmission_time, size: 5, if: has.transmission_time, -gateway: {json: hex}, doc: MMDDhhmmss.}
      - {id: fee_billing, size: 4, if: has.fee_billing, -gateway: {codec: bcd}}
      - {id: rate_settlement, size: 4, if: has.rate_settlement, -gateway: {json: hex}}
      - {id: rate_billing, size: 4, if: has.rate_billing, -gateway: {json: hex}}
      - {id: stan, size: 3, if: has.stan, -gateway: {json: hex}, doc: System trace audit number.}
      - {id: local_time, size: 3, if: has.local_time, -gateway: {json: hex}, doc: hhmmss.}
      - {id: local_date, size: 2, if: has.local_date, -gateway: {json: hex}, doc: MMDD.}
      - {id: expiry, size: 2, if: has.expiry, -gateway: {json: hex, secret: true}, doc: YYMM.}
      - {id: settlement_date, size: 2, if: has.settlement_date, -gateway: {json: hex}}
      - {id: conversion_date, size: 2, if: has.conversion_date, -gateway: {json: hex}}
      - {id: capture_date, size: 2, if: has.capture_date, -gateway: {json: hex}}
      - {id: merchant_type, size: 2, if: has.merchant_type, -gateway: {json: hex}}
      - {id: acquirer_country, size: 2, if: has.acquirer_country, -gateway: {json: hex}}
      - {id: pan_country, size: 2, if: has.pan_country, -gateway: {json: hex}}
      - {id: forwarder_country, size: 2, if: has.forwarder_country, -gateway: {json: hex}}
      - {id: entry_mode, size: 2, if: has.entry_mode, -gateway: {json: hex}}
      - {id: card_sequence, size: 2, if: has.card_sequence, -gateway: {json: hex}}
      - {id: network_id, size: 2, if: has.network_id, -gateway: {json: hex}}
      - {id: condition_code, size: 1, if: has.condition_code, -gateway: {json: hex}}
      - {id: pin_capture_code, size: 1, if: has.pin_capture_code, -gateway: {json: hex}}
      - {id: approval_code_length, size: 1, if: has.approval_code_length, -gateway: {json: hex}}
      - {id: fee_transaction, size: 5, if: has.fee_transaction, -gateway: {json: hex}}
      - {id: fee_settlement, size: 5, if: has.fee_settlement, -gateway: {json: hex}}
      - {id: fee_processing, size: 5, if: has.fee_processing, -gateway: {json: hex}}
      - {id: fee_settlement_processing, size: 5, if: has.fee_settlement_processing, -gateway: {json: hex}}
      - {id: len_acquirer, type: digits_2, if: has.acquirer, -gateway: {codec: bcd}}
      - {id: acquirer, size: (len_acquirer.value + 1) / 2, if: has.acquirer, -gateway: {json: hex}}
      - {id: len_forwarder, type: digits_2, if: has.forwarder, -gateway: {codec: bcd}}
      - {id: forwarder, size: (len_forwarder.value + 1) / 2, if: has.forwarder, -gateway: {json: hex}}
      - {id: len_pan_extended, type: digits_2, if: has.pan_extended, -gateway: {codec: bcd}}
      - {id: pan_extended, type: str, size: len_pan_extended.value, if: has.pan_extended, -gateway: {secret: true}}
      - {id: len_track_2, type: digits_2, if: has.track_2, -gateway: {codec: bcd}}
      - {id: track_2, size: (len_track_2.value + 1) / 2, if: has.track_2, -gateway: {json: hex, secret: true}}
      - {id: len_track_3, type: digits_4, if: has.track_3, -gateway: {codec: bcd}}
      - {id: track_3, size: (len_track_3.value + 1) / 2, if: has.track_3, -gateway: {json: hex, secret: true}}
      - {id: reference, type: str, size: 12, if: has.reference, doc: Retrieval reference number.}
      - {id: approval_code, type: str, size: 6, if: has.approval_code}
      - {id: response_code, type: str, size: 2, if: has.response_code, doc: "'00' is approved."}
      - {id: service_restriction, type: str, size: 3, if: has.service_restriction}
      - {id: terminal, type: str, size: 8, pad-right: 0x20, if: has.terminal}
      - {id: merchant, type: str, size: 15, pad-right: 0x20, if: has.merchant}
      - {id: merchant_location, type: str, size: 40, pad-right: 0x20, if: has.merchant_location}
      - {id: len_additional_response, type: digits_2, if: has.additional_response, -gateway: {codec: bcd}}
      - {id: additional_response, type: str, size: len_additional_response.value, if: has.additional_response}
      - {id: len_track_1, type: digits_2, if: has.track_1, -gateway: {codec: bcd}}
      - {id: track_1, type: str, size: len_track_1.value, if: has.track_1, -gateway: {secret: true}}
      - {id: len_additional_iso, type: digits_4, if: has.additional_iso, -gateway: {codec: bcd}}
      - {id: additional_iso, type: str, size: len_additional_iso.value, if: has.additional_iso}
      - {id: len_additional_national, type: digits_4, if: has.additional_national, -gateway: {codec: bcd}}
      - {id: additional_national, type: str, size: len_additional_national.value, if: has.additional_national}
      - {id: len_additional_private, type: digits_4, if: has.additional_private, -gateway: {codec: bcd}}
      - {id: additional_private, type: str, size: len_additional_private.value, if: has.additional_private}
      - {id: currency, size: 2, if: has.currency, -gateway: {json: hex}, doc: ISO 4217.}
      - {id: currency_settlement, size: 2, if: has.currency_settlement, -gateway: {json: hex}}
      - {id: currency_billing, size: 2, if: has.currency_billing, -gateway: {json: hex}}
      - {id: pin, size: 8, if: has.pin, -gateway: {json: hex, secret: true}, doc: An encrypted PIN block.}
      - {id: security_control, size: 8, if: has.security_control, -gateway: {json: hex, secret: true}}
      - {id: len_additional_amounts, type: digits_4, if: has.additional_amounts, -gateway: {codec: bcd}}
      - {id: additional_amounts, type: str, size: len_additional_amounts.value, if: has.additional_amounts}
      - {id: len_chip, type: digits_4, if: has.chip, -gateway: {codec: bcd}}
      - {id: chip, size: len_chip.value, if: has.chip, -gateway: {json: hex, secret: true}, doc: EMV data.}
      - {id: len_reserved_56, type: digits_4, if: has.reserved_56, -gateway: {codec: bcd}}
      - {id: reserved_56, type: str, size: len_reserved_56.value, if: has.reserved_56}
      - {id: len_reserved_57, type: digits_4, if: has.reserved_57, -gateway: {codec: bcd}}
      - {id: reserved_57, type: str, size: len_reserved_57.value, if: has.reserved_57}
      - {id: len_reserved_58, type: digits_4, if: has.reserved_58, -gateway: {codec: bcd}}
      - {id: reserved_58, type: str, size: len_reserved_58.value, if: has.reserved_58}
      - {id: len_reserved_59, type: digits_4, if: has.reserved_59, -gateway: {codec: bcd}}
      - {id: reserved_59, type: str, size: len_reserved_59.value, if: has.reserved_59}
      - {id: len_reserved_60, type: digits_4, if: has.reserved_60, -gateway: {codec: bcd}}
      - {id: reserved_60, type: str, size: len_reserved_60.value, if: has.reserved_60}
      - {id: len_reserved_61, type: digits_4, if: has.reserved_61, -gateway: {codec: bcd}}
      - {id: reserved_61, type: str, size: len_reserved_61.value, if: has.reserved_61}
      - {id: len_reserved_62, type: digits_4, if: has.reserved_62, -gateway: {codec: bcd}}
      - {id: reserved_62, type: str, size: len_reserved_62.value, if: has.reserved_62}
      - {id: len_reserved_63, type: digits_4, if: has.reserved_63, -gateway: {codec: bcd}}
      - {id: reserved_63, type: str, size: len_reserved_63.value, if: has.reserved_63}
      - {id: mac, size: 8, if: has.mac, -gateway: {json: hex}}
      - {id: settlement_code, size: 1, if: has.second and also.settlement_code, -gateway: {json: hex}}
      - {id: extended_payment, size: 1, if: has.second and also.extended_payment, -gateway: {json: hex}}
      - {id: receiver_country, size: 2, if: has.second and also.receiver_country, -gateway: {json: hex}}
      - {id: settlement_country, size: 2, if: has.second and also.settlement_country, -gateway: {json: hex}}
      - {id: network_code, size: 2, if: has.second and also.network_code, -gateway: {json: hex}, doc: '001 signs on, 002 signs off, 301 is an echo test.'}
      - {id: message_number, size: 2, if: has.second and also.message_number, -gateway: {json: hex}}
      - {id: last_message_number, size: 2, if: has.second and also.last_message_number, -gateway: {json: hex}}
      - {id: action_date, size: 3, if: has.second and also.action_date, -gateway: {json: hex}}
      - {id: credits_number, size: 5, if: has.second and also.credits_number, -gateway: {codec: bcd}}
      - {id: credit_reversals_number, size: 5, if: has.second and also.credit_reversals_number, -gateway: {codec: bcd}}
      - {id: debits_number, size: 5, if: has.second and also.debits_number, -gateway: {codec: bcd}}
      - {id: debit_reversals_number, size: 5, if: has.second and also.debit_reversals_number, -gateway: {codec: bcd}}
      - {id: transfers_number, size: 5, if: has.second and also.transfers_number, -gateway: {codec: bcd}}
      - {id: transfer_reversals_number, size: 5, if: has.second and also.transfer_reversals_number, -gateway: {codec: bcd}}
      - {id: inquiries_number, size: 5, if: has.second and also.inquiries_number, -gateway: {codec: bcd}}
      - {id: authorisations_number, size: 5, if: has.second and also.authorisations_number, -gateway: {codec: bcd}}
      - {id: credits_processing_fee, size: 6, if: has.second and also.credits_processing_fee, -gateway: {codec: bcd}}
      - {id: credits_transaction_fee, size: 6, if: has.second and also.credits_transaction_fee, -gateway: {codec: bcd}}
      - {id: debits_processing_fee, size: 6, if: has.second and also.debits_processing_fee, -gateway: {codec: bcd}}
      - {id: debits_transaction_fee, size: 6, if: has.second and also.debits_transaction_fee, -gateway: {codec: bcd}}
      - {id: credits_amount, size: 8, if: has.second and also.credits_amount, -gateway: {codec: bcd}}
      - {id: credit_reversals_amount, size: 8, if: has.second and also.credit_reversals_amount, -gateway: {codec: bcd}}
      - {id: debits_amount, size: 8, if: has.second and also.debits_amount, -gateway: {codec: bcd}}
      - {id: debit_reversals_amount, size: 8, if: has.second and also.debit_reversals_amount, -gateway: {codec: bcd}}
      - {id: original_data, size: 21, if: has.second and also.original_data, -gateway: {json: hex}, doc: 'MTI, stan, transmission time, acquirer and forwarder of the message that is reversed.'}
      - {id: file_update_code, type: str, size: 1, if: has.second and also.file_update_code}
      - {id: file_security_code, type: str, size: 2, if: has.second and also.file_security_code}
      - {id: response_indicator, type: str, size: 5, if: has.second and also.response_indicator}
      - {id: service_indicator, type: str, size: 7, if: has.second and also.service_indicator}
      - {id: replacement_amounts, type: str, size: 42, if: has.second and also.replacement_amounts}
      - {id: message_security, size: 8, if: has.second and also.message_security, -gateway: {json: hex, secret: true}}
      - {id: net_settlement, size: 9, if: has.second and also.net_settlement, -gateway: {json: hex}}
      - {id: payee, type: str, size: 25, pad-right: 0x20, if: has.second and also.payee}
      - {id: len_settlement_institution, type: digits_2, if: has.second and also.settlement_institution, -gateway: {codec: bcd}}
      - {id: settlement_institution, size: (len_settlement_institution.value + 1) / 2, if: has.second and also.settlement_institution, -gateway: {json: hex}}
      - {id: len_receiver, type: digits_2, if: has.second and also.receiver, -gateway: {codec: bcd}}
      - {id: receiver, size: (len_receiver.value + 1) / 2, if: has.second and also.receiver, -gateway: {json: hex}}
      - {id: len_file_name, type: digits_2, if: has.second and also.file_name, -gateway: {codec: bcd}}
      - {id: file_name, type: str, size: len_file_name.value, if: has.second and also.file_name}
      - {id: len_account_1, type: digits_2, if: has.second and also.account_1, -gateway: {codec: bcd}}
      - {id: account_1, type: str, size: len_account_1.value, if: has.second and also.account_1, -gateway: {secret: true}}
      - {id: len_account_2, type: digits_2, if: has.second and also.account_2, -gateway: {codec: bcd}}
      - {id: account_2, type: str, size: len_account_2.value, if: has.second and also.account_2, -gateway: {secret: true}}
      - {id: len_description, type: digits_4, if: has.second and also.description, -gateway: {codec: bcd}}
      - {id: description, type: str, size: len_description.value, if: has.second and also.description}
      - {id: len_reserved_105, type: digits_4, if: has.second and also.reserved_105, -gateway: {codec: bcd}}
      - {id: reserved_105, type: str, size: len_reserved_105.value, if: has.second and also.reserved_105}
      - {id: len_reserved_106, type: digits_4, if: has.second and also.reserved_106, -gateway: {codec: bcd}}
      - {id: reserved_106, type: str, size: len_reserved_106.value, if: has.second and also.reserved_106}
      - {id: len_reserved_107, type: digits_4, if: has.second and also.reserved_107, -gateway: {codec: bcd}}
      - {id: reserved_107, type: str, size: len_reserved_107.value, if: has.second and also.reserved_107}
      - {id: len_reserved_108, type: digits_4, if: has.second and also.reserved_108, -gateway: {codec: bcd}}
      - {id: reserved_108, type: str, size: len_reserved_108.value, if: has.second and also.reserved_108}
      - {id: len_reserved_109, type: digits_4, if: has.second and also.reserved_109, -gateway: {codec: bcd}}
      - {id: reserved_109, type: str, size: len_reserved_109.value, if: has.second and also.reserved_109}
      - {id: len_reserved_110, type: digits_4, if: has.second and also.reserved_110, -gateway: {codec: bcd}}
      - {id: reserved_110, type: str, size: len_reserved_110.value, if: has.second and also.reserved_110}
      - {id: len_reserved_111, type: digits_4, if: has.second and also.reserved_111, -gateway: {codec: bcd}}
      - {id: reserved_111, type: str, size: len_reserved_111.value, if: has.second and also.reserved_111}
      - {id: len_reserved_112, type: digits_4, if: has.second and also.reserved_112, -gateway: {codec: bcd}}
      - {id: reserved_112, type: str, size: len_reserved_112.value, if: has.second and also.reserved_112}
      - {id: len_reserved_113, type: digits_4, if: has.second and also.reserved_113, -gateway: {codec: bcd}}
      - {id: reserved_113, type: str, size: len_reserved_113.value, if: has.second and also.reserved_113}
      - {id: len_reserved_114, type: digits_4, if: has.second and also.reserved_114, -gateway: {codec: bcd}}
      - {id: reserved_114, type: str, size: len_reserved_114.value, if: has.second and also.reserved_114}
      - {id: len_reserved_115, type: digits_4, if: has.second and also.reserved_115, -gateway: {codec: bcd}}
      - {id: reserved_115, type: str, size: len_reserved_115.value, if: has.second and also.reserved_115}
      - {id: len_reserved_116, type: digits_4, if: has.second and also.reserved_116, -gateway: {codec: bcd}}
      - {id: reserved_116, type: str, size: len_reserved_116.value, if: has.second and also.reserved_116}
      - {id: len_reserved_117, type: digits_4, if: has.second and also.reserved_117, -gateway: {codec: bcd}}
      - {id: reserved_117, type: str, size: len_reserved_117.value, if: has.second and also.reserved_117}
      - {id: len_reserved_118, type: digits_4, if: has.second and also.reserved_118, -gateway: {codec: bcd}}
      - {id: reserved_118, type: str, size: len_reserved_118.value, if: has.second and also.reserved_118}
      - {id: len_reserved_119, type: digits_4, if: has.second and also.reserved_119, -gateway: {codec: bcd}}
      - {id: reserved_119, type: str, size: len_reserved_119.value, if: has.second and also.reserved_119}
      - {id: len_reserved_120, type: digits_4, if: has.second and also.reserved_120, -gateway: {codec: bcd}}
      - {id: reserved_120, type: str, size: len_reserved_120.value, if: has.second and also.reserved_120}
      - {id: len_reserved_121, type: digits_4, if: has.second and also.reserved_121, -gateway: {codec: bcd}}
      - {id: reserved_121, type: str, size: len_reserved_121.value, if: has.second and also.reserved_121}
      - {id: len_reserved_122, type: digits_4, if: has.second and also.reserved_122, -gateway: {codec: bcd}}
      - {id: reserved_122, type: str, size: len_reserved_122.value, if: has.second and also.reserved_122}
      - {id: len_reserved_123, type: digits_4, if: has.second and also.reserved_123, -gateway: {codec: bcd}}
      - {id: reserved_123, type: str, size: len_reserved_123.value, if: has.second and also.reserved_123}
      - {id: len_reserved_124, type: digits_4, if: has.second and also.reserved_124, -gateway: {codec: bcd}}
      - {id: reserved_124, type: str, size: len_reserved_124.value, if: has.second and also.reserved_124}
      - {id: len_reserved_125, type: digits_4, if: has.second and also.reserved_125, -gateway: {codec: bcd}}
      - {id: reserved_125, type: str, size: len_reserved_125.value, if: has.second and also.reserved_125}
      - {id: len_reserved_126, type: digits_4, if: has.second and also.reserved_126, -gateway: {codec: bcd}}
      - {id: reserved_126, type: str, size: len_reserved_126.value, if: has.second and also.reserved_126}
      - {id: len_reserved_127, type: digits_4, if: has.second and also.reserved_127, -gateway: {codec: bcd}}
      - {id: reserved_127, type: str, size: len_reserved_127.value, if: has.second and also.reserved_127}
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
  digits_2:
    seq:
      - {id: tens, type: b4, valid: {max: 9}}
      - {id: ones, type: b4, valid: {max: 9}}
    instances:
      value: {value: tens * 10 + ones}
  digits_4:
    seq:
      - {id: thousands, type: b4, valid: {max: 9}}
      - {id: hundreds, type: b4, valid: {max: 9}}
      - {id: tens, type: b4, valid: {max: 9}}
      - {id: ones, type: b4, valid: {max: 9}}
    instances:
      value: {value: thousands * 1000 + hundreds * 100 + tens * 10 + ones}
enums:
  mti:
    0x0100: authorisation_request
    0x0101: {id: authorisation_request_repeat, -gateway: {idempotent: true}}
    0x0110: authorisation_response
    0x0120: {id: authorisation_advice, -gateway: {idempotent: true}}
    0x0121: {id: authorisation_advice_repeat, -gateway: {idempotent: true}}
    0x0130: authorisation_advice_response
    0x0200: financial_request
    0x0201: {id: financial_request_repeat, -gateway: {idempotent: true}}
    0x0210: financial_response
    0x0220: {id: financial_advice, -gateway: {idempotent: true}}
    0x0221: {id: financial_advice_repeat, -gateway: {idempotent: true}}
    0x0230: financial_advice_response
    0x0300: file_update_request
    0x0301: {id: file_update_request_repeat, -gateway: {idempotent: true}}
    0x0310: file_update_response
    0x0320: {id: file_update_advice, -gateway: {idempotent: true}}
    0x0321: {id: file_update_advice_repeat, -gateway: {idempotent: true}}
    0x0330: file_update_advice_response
    0x0400: {id: reversal_request, -gateway: {idempotent: true}}
    0x0401: {id: reversal_request_repeat, -gateway: {idempotent: true}}
    0x0410: reversal_response
    0x0420: {id: reversal_advice, -gateway: {idempotent: true}}
    0x0421: {id: reversal_advice_repeat, -gateway: {idempotent: true}}
    0x0430: reversal_advice_response
    0x0500: reconciliation_request
    0x0501: {id: reconciliation_request_repeat, -gateway: {idempotent: true}}
    0x0510: reconciliation_response
    0x0520: {id: reconciliation_advice, -gateway: {idempotent: true}}
    0x0521: {id: reconciliation_advice_repeat, -gateway: {idempotent: true}}
    0x0530: reconciliation_advice_response
    0x0600: administrative_request
    0x0601: {id: administrative_request_repeat, -gateway: {idempotent: true}}
    0x0610: administrative_response
    0x0620: {id: administrative_advice, -gateway: {idempotent: true}}
    0x0621: {id: administrative_advice_repeat, -gateway: {idempotent: true}}
    0x0630: administrative_advice_response
    0x0800: {id: network_request, -gateway: {idempotent: true}}
    0x0801: {id: network_request_repeat, -gateway: {idempotent: true}}
    0x0810: network_response
    0x0820: {id: network_advice, -gateway: {idempotent: true}}
    0x0821: {id: network_advice_repeat, -gateway: {idempotent: true}}
    0x0830: network_advice_response
