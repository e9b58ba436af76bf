# What is installed, and the Debian package of it: tools/package builds it.
include(GNUInstallDirs)

set(reuse_chat_conf ${CMAKE_BINARY_DIR}/reuse-chat.conf)
add_custom_command(OUTPUT ${reuse_chat_conf}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:reuse-chat> -DOUTPUT=${reuse_chat_conf}
            -P ${CMAKE_SOURCE_DIR}/deploy/conf.cmake
    DEPENDS reuse-chat ${CMAKE_SOURCE_DIR}/deploy/conf.cmake VERBATIM)
add_custom_target(package_files DEPENDS ${reuse_chat_conf})

install(TARGETS reuse-chat RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${reuse_chat_conf} DESTINATION /etc/reuse-chat
    PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES deploy/reuse-chat.service DESTINATION lib/systemd/system)
install(FILES README.md README.ko.md docs/operations.md docs/wire.md deploy/nginx.conf
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
# Debian has manual pages compressed.
find_program(GZIP gzip REQUIRED)
set(manual ${CMAKE_BINARY_DIR}/reuse-chat.1.gz)
add_custom_command(OUTPUT ${manual}
    COMMAND ${GZIP} -9nc ${CMAKE_SOURCE_DIR}/deploy/reuse-chat.1 > ${manual}
    DEPENDS ${CMAKE_SOURCE_DIR}/deploy/reuse-chat.1 VERBATIM)
add_custom_target(package_manual DEPENDS ${manual})
add_dependencies(package_files package_manual)
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# The package has one program; packing must not build all the others.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_CONTACT "Re:Use Chat maintainers <maintainers@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "chat server: STOMP over WebSocket and SockJS, REST, Kafka")
set(CPACK_PACKAGE_DESCRIPTION
    "A buyer and a seller talk about a product, live and with history. A message is\nacknowledged when it is committed; every subscriber gets it once and in order.\nNeeds MySQL 8 or MariaDB, and for several servers Redis and Kafka.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# libwebsockets opens its libuv plug-in with dlopen, which no tool sees.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libwebsockets-evlib-uv, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles ${CMAKE_SOURCE_DIR}/deploy/debian/postinst
    ${CMAKE_SOURCE_DIR}/deploy/debian/prerm ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
include(CPack)
