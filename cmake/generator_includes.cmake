# The targets of rosidl_generator_py export the absolute include folders of Python and numpy of the
# machine on which they were built. Two functions mend both ends of that.

# Drop the folders that do not exist here from the targets of message packages. CMake refuses an
# imported target that names a missing folder, and those of the ROS 2 wheels do.
#
# :param ARGN: names of message packages that find_package() has found.
function(drop_missing_generator_includes)
  foreach(package ${ARGN})
    set(target ${package}::${package}__rosidl_generator_py)
    if(NOT TARGET ${target})
      continue()
    endif()
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    set(existing "")
    foreach(folder ${folders})
      if(EXISTS "${folder}")
        list(APPEND existing "${folder}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${existing}")
  endforeach()
endfunction()

# Keep those folders out of what we install ourselves. CMake refuses to export them where the
# Python environment lies inside the source folder.
#
# :param package: the package of which this build generates the messages.
function(keep_generator_includes_private package)
  set(target ${package}__rosidl_generator_py)
  get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(${target} PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${folders}>")
endfunction()
